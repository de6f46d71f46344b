// The captions of a call: what each side said, in the order in which they began to say it.
//
// pure.

export type Side = 'caller' | 'assistant';

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
}

export class Captions {
  private readonly list: Caption[] = [];

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
  }

  /** What the server says was heard of an interrupted answer; ignored if it is not how the text begins. */
  setHeard(id: string, heard: string): void {
    const caption = this.get(id);
    if (caption?.state !== 'interrupted') return;
    const skipped = caption.text.length - caption.text.trimStart().length;
    const start = heard.trim();
    if (caption.text.startsWith(start, skipped)) caption.heard = skipped + start.length;
  }

  /** The call is over: what is unfinished stays as it is, what is empty goes away. */
  close(): void {
    for (const caption of [...this.list]) {
      if (caption.state !== 'live') continue;
      caption.state = 'final';
      if (caption.text.trim() === '') this.remove(caption.id);
    }
  }

  remove(id: string): void {
    const index = this.list.findIndex((caption) => caption.id === id);
    if (index >= 0) this.list.splice(index, 1);
  }
}
