// <antiphon-call>: a call button for any page, and the whole of the call page.
//
//   <script src="https://voice.example.org/antiphon.js"></script>
//   <antiphon-call agent="concierge"></antiphon-call>
//
// Attributes, read when the element is put into a page: `server` (default: where this script came from),
// `agent`, `language`, `voice`, `name` (of who answers), `label` (of the button), `layout="page"` (no button:
// the call fills the page), `transport` (auto, webrtc, websocket), `fallback-ms` (for WebRTC to come about). Methods: start() in a click, end(). Event: `antiphon-state`, whose detail has
// `connection` and `activity`.

import panelCss from 'inline:panel.css';

import { element } from './caption_view.ts';
import { DoctorView } from './doctor_view.ts';
import { Panel } from './panel.ts';
import { fallbackAfter, transportOf } from './ways.ts';

const kScript = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : '';

export class AntiphonCall extends HTMLElement {
  private panel: Panel | undefined;
  private launcher: HTMLButtonElement | undefined;
  private doctor: DoctorView | undefined;
  private told = '';

  connectedCallback(): void {
    const attribute = (name: string): string => this.getAttribute(name)?.trim() ?? '';
    const layout = attribute('layout') === 'page' ? 'page' : 'widget';
    const linked = new URLSearchParams(layout === 'page' ? location.search : '');
    const transport = attribute('transport') || (linked.get('transport') ?? '');
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    const style = new CSSStyleSheet();
    style.replaceSync(panelCss);
    shadow.adoptedStyleSheets = [style];
    if (linked.has('doctor')) return this.examine(shadow);
    const name = attribute('name') || 'Antiphon';
    const panel = new Panel(
      {
        layout,
        server: attribute('server') || (layout === 'widget' && /^https?:/.test(kScript) ? new URL('.', kScript).href : ''),
        agent: attribute('agent') || (linked.get('agent') ?? ''),
        language: attribute('language'),
        voice: attribute('voice'),
        name,
        transport: transport === '' ? '' : transportOf(transport),
        fallbackAfter: fallbackAfter(attribute('fallback-ms'), linked.get('fallback_ms') ?? ''),
      },
      (connection, activity) => this.tell(connection, activity),
    );
    this.panel = panel;
    shadow.replaceChildren(panel.frame);
    if (layout === 'page') {
      panel.frame.setAttribute('role', 'main');
      return;
    }
    const launcher = element('button', 'launcher', attribute('label') || `Call ${name}`) as HTMLButtonElement;
    launcher.type = 'button';
    launcher.setAttribute('aria-haspopup', 'dialog');
    launcher.addEventListener('click', () => this.open());
    this.launcher = launcher;
    shadow.prepend(launcher);
    panel.frame.hidden = true;
    panel.frame.setAttribute('role', 'dialog');
    panel.frame.setAttribute('aria-label', `Call with ${name}`);
    panel.frame.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !panel.find<HTMLDialogElement>('settings').open) this.minimize();
    });
    const minimize = panel.find('minimize');
    minimize.hidden = false;
    minimize.addEventListener('click', () => this.minimize());
    this.showLauncher();
  }

  disconnectedCallback(): void {
    this.doctor?.close();
    this.panel?.close();
    this.panel = undefined;
  }

  /** Starts a call; to be called in a click. */
  start(): void {
    if (this.launcher !== undefined) this.open();
    else this.panel?.start();
  }

  end(): void {
    this.panel?.end();
  }

  private open(): void {
    const { panel } = this;
    if (panel === undefined) return;
    panel.frame.hidden = false;
    this.showLauncher();
    if (!panel.active) panel.start();
    panel.find('call').focus();
  }

  private examine(shadow: ShadowRoot): void {
    this.doctor = new DoctorView();
    this.doctor.frame.setAttribute('role', 'main');
    shadow.replaceChildren(this.doctor.frame);
  }

  /** A call goes on; its button in the page opens the panel again. */
  private minimize(): void {
    if (this.panel === undefined) return;
    this.panel.frame.hidden = true;
    this.showLauncher();
    this.launcher?.focus();
  }

  private showLauncher(): void {
    this.launcher?.setAttribute('aria-expanded', String(this.panel?.frame.hidden === false));
  }

  private tell(connection: string, activity: string): void {
    if (this.told === `${connection} ${activity}`) return;
    this.told = `${connection} ${activity}`;
    this.dispatchEvent(new CustomEvent('antiphon-state', { detail: { connection, activity }, bubbles: true, composed: true }));
  }
}

if (customElements.get('antiphon-call') === undefined) customElements.define('antiphon-call', AntiphonCall);
