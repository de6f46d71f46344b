// The connection doctor as a page: /call?doctor.

import doctorHtml from 'inline:doctor.html';

import { linkedBackend, ownBackend, parseBackend } from './address.ts';
import { element } from './caption_view.ts';
import { kLegs, reportOf, verdict, type Finding, type Leg } from './doctor.ts';
import { examine } from './doctor_probes.ts';
import { recall } from './preferences.ts';
import { kInsecure } from './wording.ts';

const kSigns: Record<Finding['state'], [sign: string, name: string]> = {
  ok: ['✓', 'All right'],
  failed: ['✗', 'Failed'],
  skipped: ['–', 'Not looked at'],
};

export class DoctorView {
  readonly frame = document.createElement('div');
  private readonly stopped = new AbortController();
  private findings: Finding[] = [];
  private running = false;

  constructor() {
    this.frame.className = 'frame page';
    this.frame.innerHTML = doctorHtml;
    const address = linkedBackend(location.search) || recall('backend') || ownBackend(location);
    this.find('server').textContent = parseBackend(address)?.base ?? address;
    this.find('run').addEventListener('click', () => void this.run(address));
    this.find('copy').addEventListener('click', () => void this.copy());
    const query = new URLSearchParams(location.search);
    query.delete('doctor');
    this.find<HTMLAnchorElement>('back').href = query.size > 0 ? `?${query}` : location.pathname;
    if (!window.isSecureContext) this.find('verdict').textContent = kInsecure;
  }

  close(): void {
    this.stopped.abort();
  }

  private readonly find = <T extends HTMLElement>(id: string): T => {
    const found = this.frame.querySelector<T>(`#${id}`);
    if (found === null) throw new Error(`The doctor has no #${id}.`);
    return found;
  };

  private async run(address: string): Promise<void> {
    const backend = parseBackend(address);
    if (this.running || backend === undefined) return;
    this.running = true;
    this.findings = [];
    this.find('legs').replaceChildren();
    this.find('copied').textContent = '';
    this.find<HTMLButtonElement>('copy').disabled = true;
    const button = this.find<HTMLButtonElement>('run');
    button.setAttribute('aria-disabled', 'true');
    this.find('verdict').textContent = 'Looking. This takes up to half a minute.';
    for await (const finding of examine(backend, this.stopped.signal)) {
      this.findings.push(finding);
      this.find('legs').append(row(finding));
    }
    if (this.stopped.signal.aborted) return;
    this.find('verdict').textContent = verdict(this.findings);
    this.find<HTMLButtonElement>('copy').disabled = false;
    button.removeAttribute('aria-disabled');
    this.running = false;
  }

  private async copy(): Promise<void> {
    const about = {
      Server: this.find('server').textContent ?? '',
      Time: new Date().toISOString(),
      Browser: navigator.userAgent,
    };
    const report = reportOf(this.findings, about);
    const copied = await navigator.clipboard?.writeText(report).then(() => true, () => false);
    const shown = this.find<HTMLTextAreaElement>('report');
    shown.hidden = copied === true;
    shown.value = report;
    if (copied !== true) shown.select();
    this.find('copied').textContent = copied === true ? 'Copied.' : 'The browser lets nothing be copied: take it from here.';
  }
}

function row({ leg, state, detail, code, says, advice }: Finding): HTMLElement {
  const [sign, name] = kSigns[state];
  const line = document.createElement('li');
  line.className = state;
  line.dataset['leg'] = leg;
  line.dataset['code'] = code;
  const mark = element('span', 'mark', sign);
  mark.setAttribute('role', 'img');
  mark.setAttribute('aria-label', name);
  const what = state === 'failed' ? says + (detail === '' ? '' : ` (${detail})`) : detail;
  line.append(mark, element('span', 'leg', kLegs[leg as Leg]), element('p', 'what', sentence(what)));
  if (state === 'failed') line.append(element('p', 'advice', sentence(advice)));
  return line;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
