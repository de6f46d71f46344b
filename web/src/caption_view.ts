// Draws the captions, and touches only those that changed: a screen reader says what is new, and a
// selection survives.

import type { Caption, Captions } from './captions.ts';

const kSpeaker = { caller: 'You', assistant: 'Antiphon' } as const;
const kNearEnd = 60; // pixels; whoever has scrolled further up is left there

export class CaptionView {
  private readonly rows = new Map<string, { row: HTMLLIElement; drawn: string }>();

  constructor(
    private readonly list: HTMLElement,
    private readonly placeholder: HTMLElement,
  ) {}

  clear(): void {
    this.list.replaceChildren();
    this.rows.clear();
    this.placeholder.hidden = false;
  }

  draw(captions: Captions): void {
    const shown = captions.all().filter((caption, index, all) => caption.text !== '' || index === all.length - 1);
    const following = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < kNearEnd;
    for (const [id, { row }] of this.rows) {
      if (shown.some((caption) => caption.id === id)) continue;
      row.remove();
      this.rows.delete(id);
    }
    shown.forEach((caption, index) => this.drawRow(caption, index));
    this.placeholder.hidden = shown.length > 0;
    if (following) this.list.scrollTop = this.list.scrollHeight;
  }

  private drawRow(caption: Caption, index: number): void {
    const drawn = JSON.stringify(caption);
    let entry = this.rows.get(caption.id);
    if (entry === undefined) {
      entry = { row: document.createElement('li'), drawn: '' };
      this.rows.set(caption.id, entry);
    }
    const { row } = entry;
    if (this.list.children[index] !== row) this.list.insertBefore(row, this.list.children[index] ?? null);
    if (entry.drawn === drawn) return;
    entry.drawn = drawn;
    row.className = `caption ${caption.side} ${caption.state}`;
    row.setAttribute('aria-busy', String(caption.state === 'live'));
    row.replaceChildren(
      element('span', 'speaker', kSpeaker[caption.side]),
      text(caption),
      ...(caption.state === 'interrupted' ? [element('span', 'mark', 'interrupted')] : []),
    );
  }
}

function text(caption: Caption): HTMLElement {
  const paragraph = element('p', 'text', '');
  if (caption.text === '') {
    paragraph.append(element('span', 'waiting', '…'));
    return paragraph;
  }
  let heard = caption.heard ?? caption.text.length;
  while (caption.text[heard] === ' ') heard++;
  paragraph.append(caption.text.slice(0, heard));
  if (heard < caption.text.length) paragraph.append(element('s', 'unheard', caption.text.slice(heard)));
  return paragraph;
}

function element(name: string, className: string, content: string): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = content;
  return made;
}
