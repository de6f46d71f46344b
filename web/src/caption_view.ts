// Draws the captions, and touches only those that changed, so that a selection and an opened list of times
// survive.

import type { Caption, Captions, Side } from './captions.ts';
import { timesView } from './times_view.ts';

const kNearEnd = 60; // pixels; whoever has scrolled further up is left there

interface Row {
  row: HTMLLIElement;
  drawn: string;
  timed: boolean;
}

export class CaptionView {
  private readonly rows = new Map<string, Row>();

  /** `onFinal` is told each caption once, when its text is whole. */
  constructor(
    private readonly list: HTMLElement,
    private readonly placeholder: HTMLElement,
    private readonly names: Record<Side, string>,
    private readonly onFinal: (caption: Caption) => void,
  ) {}

  clear(): void {
    this.list.replaceChildren();
    this.rows.clear();
    this.placeholder.hidden = false;
  }

  draw(captions: Captions): void {
    const shown = captions.all().filter((caption, index, all) => caption.text !== '' || index === all.length - 1);
    const wanted = new Set(shown.map(({ id }) => id));
    this.following(() => {
      for (const [id, { row }] of this.rows) {
        if (wanted.has(id)) continue;
        row.remove();
        this.rows.delete(id);
      }
      shown.forEach((caption, index) => this.drawRow(caption, index));
      this.placeholder.hidden = shown.length > 0;
    });
  }

  /** Only this one looks different. */
  drawOne(caption: Caption): void {
    const known = this.rows.get(caption.id);
    if (known !== undefined) this.following(() => this.fill(caption, known));
  }

  /** Stays at the end of the list when it was there. */
  private following(change: () => void): void {
    const { list } = this;
    const follows = list.scrollHeight - list.scrollTop - list.clientHeight < kNearEnd;
    change();
    if (follows) list.scrollTop = list.scrollHeight;
  }

  private drawRow(caption: Caption, index: number): void {
    let entry = this.rows.get(caption.id);
    if (entry === undefined) {
      entry = { row: document.createElement('li'), drawn: '', timed: false };
      entry.row.append(element('div', 'meta', ''), element('p', 'text', ''));
      this.rows.set(caption.id, entry);
    }
    const { row } = entry;
    if (this.list.children[index] !== row) this.list.insertBefore(row, this.list.children[index] ?? null);
    this.fill(caption, entry);
  }

  private fill(caption: Caption, entry: Row): void {
    const { times, ...rest } = caption;
    const drawn = JSON.stringify(rest);
    if (entry.drawn !== drawn) {
      const wasLive = entry.drawn === '' || entry.drawn.includes('"state":"live"');
      entry.drawn = drawn;
      const { row } = entry;
      row.className = `caption ${caption.side} ${caption.state}`;
      row.setAttribute('aria-busy', String(caption.state === 'live'));
      row.children[0]?.replaceChildren(...this.meta(caption));
      row.children[1]?.replaceChildren(...parts(caption));
      if (caption.language !== undefined) row.children[1]?.setAttribute('lang', caption.language);
      if (wasLive && caption.state !== 'live' && caption.text !== '') this.onFinal(caption);
    }
    if (times === undefined || entry.timed) return;
    entry.timed = true;
    const view = timesView(times);
    if (view !== undefined) entry.row.append(view);
  }

  private meta(caption: Caption): HTMLElement[] {
    return [
      element('span', 'speaker', this.names[caption.side]),
      ...(caption.language === undefined ? [] : [element('span', 'heard-language', caption.language)]),
      ...(caption.sources?.length ? [element('span', 'sources', `from: ${caption.sources.join(', ')}`)] : []),
      ...(caption.state === 'interrupted' ? [element('span', 'mark', 'interrupted')] : []),
    ];
  }
}

/** What has sounded, what is still to sound, and what was never heard. */
function parts({ text, state, heard, lit }: Caption): (string | HTMLElement)[] {
  if (text === '') return [element('span', 'waiting', '…')];
  if (state === 'interrupted') {
    const end = skipSpace(text, heard ?? text.length);
    return end < text.length ? [text.slice(0, end), element('s', 'unheard', text.slice(end))] : [text];
  }
  if (lit === undefined || lit >= text.length) return [text];
  return [text.slice(0, lit), element('span', 'coming', text.slice(lit))];
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at++;
  return at;
}

export function element(name: string, className: string, content: string): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = content;
  return made;
}
