// The captions of a call: what each side said, in the order in which they began to say it.
//
// pure.

import type { TurnTimes } from './events.ts';

export type Side = 'caller' | 'assistant';

/** A word of an answer, and where it lies in the answer's own sound. */
export interface Word {
  text: string;
  start_ms: number;
  end_ms: number;
}

/**
 * live: still being said or recognized. final: it stays so. interrupted: the caller cut in; `heard` is how
 * many characters of `text` were spoken, as far as it is known.
 */
export interface Caption {
  id: string;
  side: Side;
  text: string;
  state: 'live' | 'final' | 'interrupted';
  heard: number | undefined;
  /** Characters of `text` that have sounded; undefined when it is not known: all of it looks the same. */
  lit?: number | undefined;
  language?: string | undefined;
  times?: TurnTimes | undefined;
  /** Titles of the documents that the answer leans on. */
  sources?: readonly string[] | undefined;
}

export class Captions {
  private readonly list: Caption[] = [];
  private readonly words = new Map<string, Word[]>();

  all(): readonly Caption[] {
    return this.list;
  }

  get(id: string): Caption | undefined {
    return this.list.find((caption) => caption.id === id);
  }

  /** A place for what is about to be said; nothing if there is one. */
  begin(id: string, side: Side): Caption {
    const known = this.get(id);
    if (known !== undefined) return known;
    const caption: Caption = { id, side, text: '', state: 'live', heard: undefined };
    this.list.push(caption);
    return caption;
  }

  append(id: string, side: Side, text: string): void {
    const caption = this.begin(id, side);
    if (caption.state === 'live') caption.text += text;
  }

  /** What was understood so far, instead of what was before. */
  replace(id: string, side: Side, text: string): void {
    const caption = this.begin(id, side);
    if (caption.state === 'live') caption.text = text;
  }

  /** The whole text, which replaces the pieces; a caption that ends with no words goes away. */
  complete(id: string, side: Side, text: string): void {
    const caption = this.begin(id, side);
    if (caption.state === 'interrupted') return;
    caption.text = text.trim();
    caption.state = 'final';
    if (caption.text === '') this.remove(id);
  }

  /** Nothing is added any more. */
  settle(id: string): void {
    const caption = this.get(id);
    if (caption?.state === 'live') caption.state = 'final';
  }

  /** The answer was stopped. One of which not a word was written goes away. */
  interrupt(id: string): void {
    const caption = this.get(id);
    if (caption === undefined) return;
    caption.state = 'interrupted';
    if (caption.text.trim() === '') this.remove(id);
    else if (caption.lit !== undefined) caption.heard = caption.lit;
  }

  /** What the server says was heard of an interrupted answer; ignored if it is not how the text begins. */
  setHeard(id: string, heard: string): void {
    const caption = this.get(id);
    if (caption?.state !== 'interrupted') return;
    const skipped = leadingSpace(caption.text);
    const start = heard.trim();
    if (caption.text.startsWith(start, skipped)) caption.heard = skipped + start.length;
  }

  /** Where the next words of an answer lie in its sound. */
  addWords(id: string, words: readonly Word[]): void {
    const known = this.words.get(id) ?? [];
    this.words.set(id, known.concat(words));
    const caption = this.begin(id, 'assistant');
    caption.lit ??= 0;
  }

  /** The answer has sounded up to here: words that have begun are lit. Returns whether that changed. */
  setPlayed(id: string, played_ms: number): boolean {
    const caption = this.get(id);
    const words = this.words.get(id);
    if (caption === undefined || words === undefined || caption.state === 'interrupted') return false;
    let begun = '';
    for (const word of words) {
      if (word.start_ms > played_ms) break;
      begun += word.text;
    }
    const skipped = leadingSpace(words.map(({ text }) => text).join('').slice(0, begun.length || undefined));
    const lit = begun === '' ? 0 : Math.min(caption.text.length, begun.length - skipped + leadingSpace(caption.text));
    const changed = lit !== caption.lit;
    caption.lit = lit;
    return changed;
  }

  /** The answer was played to its end. */
  setPlayedWhole(id: string): void {
    const caption = this.get(id);
    if (caption !== undefined && caption.state !== 'interrupted') caption.lit = undefined;
    this.words.delete(id);
  }

  /** Places that were made for speech that turned out to be nothing. */
  removeEmpty(side: Side): void {
    for (const caption of [...this.list]) {
      if (caption.side === side && caption.state === 'live' && caption.text.trim() === '') this.remove(caption.id);
    }
  }

  /** The call is over: an answer that still sounds ends here, what is empty goes away, the rest stays as it is. */
  close(): void {
    for (const caption of [...this.list]) {
      if (caption.lit !== undefined && caption.state !== 'interrupted') {
        caption.state = 'interrupted';
        caption.heard = caption.lit;
      }
      caption.lit = undefined;
      if (caption.state === 'live') caption.state = 'final';
      if (caption.text.trim() === '') this.remove(caption.id);
    }
    this.words.clear();
  }

  remove(id: string): void {
    const index = this.list.findIndex((caption) => caption.id === id);
    if (index >= 0) this.list.splice(index, 1);
  }
}

function leadingSpace(text: string): number {
  return text.length - text.trimStart().length;
}
