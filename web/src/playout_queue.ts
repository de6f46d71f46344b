// What waits to be played, and how much of each answer was really played.
//
// pure; lives in the playout worklet. Samples are at the rate of the audio context. It starts when
// `prebuffer` samples wait (or the answer is whole), plays silence when it runs dry, and then gathers a
// prebuffer again. Bound: kMostSeconds of sound; what comes beyond is dropped.

const kMostSeconds = 600;

/** Where one answer stands. `unheard` samples were waiting; `whole` means that no more were to come. */
export interface Position {
  item: string;
  played: number;
  unheard: number;
  whole: boolean;
}

interface Chunk {
  item: string;
  samples: Float32Array;
}

interface Track {
  played: number;
  pushed: number;
  whole: boolean;
}

export class PlayoutQueue {
  private chunks: Chunk[] = [];
  private offset = 0; // into chunks[0]
  private waiting = 0;
  private running = false;
  private readonly tracks = new Map<string, Track>();
  private tail: Float32Array = new Float32Array(0); // the fade of what was flushed
  private readonly most: number;

  constructor(
    rate: number,
    private readonly prebuffer = Math.round(rate * 0.04),
    private readonly fade = Math.round(rate * 0.01),
  ) {
    this.most = rate * kMostSeconds;
  }

  push(item: string, samples: Float32Array): void {
    const track = this.track(item);
    const taken = samples.subarray(0, Math.max(0, this.most - this.waiting));
    if (taken.length === 0) return;
    this.chunks.push({ item, samples: taken });
    this.waiting += taken.length;
    track.pushed += taken.length;
  }

  /** No more sound of this answer will come. */
  finish(item: string): void {
    this.track(item).whole = true;
  }

  /** Stops: what plays fades out, the rest is dropped. Tells how far each answer had come. */
  flush(): Position[] {
    if (this.running) {
      this.tail = this.next(Math.min(this.fade, this.waiting));
      for (let i = 0; i < this.tail.length; i++) {
        this.tail[i] = (this.tail[i] as number) * (1 - (i + 1) / this.tail.length);
      }
    }
    const positions = this.positions();
    this.chunks = [];
    this.offset = 0;
    this.waiting = 0;
    this.running = false;
    this.tracks.clear();
    return positions;
  }

  /** The answers that have begun and are not played to their end, oldest first. */
  positions(): Position[] {
    return [...this.tracks].map(([item, track]) => ({
      item,
      played: track.played,
      unheard: track.pushed - track.played,
      whole: track.whole,
    }));
  }

  /** Fills the block with what is next. Returns the answers that were played to their end with it. */
  pull(block: Float32Array): string[] {
    block.fill(0);
    let filled = Math.min(block.length, this.tail.length);
    block.set(this.tail.subarray(0, filled));
    this.tail = this.tail.subarray(filled);
    if (!this.running) this.running = this.waiting > 0 && (this.waiting >= this.prebuffer || this.headIsWhole());
    if (this.running) {
      const sound = this.next(Math.min(block.length - filled, this.waiting));
      block.set(sound, filled);
      filled += sound.length;
      if (this.waiting === 0) this.running = false;
    }
    const ended: string[] = [];
    for (const [item, track] of this.tracks) {
      if (track.whole && track.played === track.pushed) ended.push(item);
    }
    for (const item of ended) this.tracks.delete(item);
    return ended;
  }

  /** Whether sound comes out, the fade of a stopped answer included. */
  get sounding(): boolean {
    return this.running || this.tail.length > 0;
  }

  private next(count: number): Float32Array {
    const out = new Float32Array(count);
    let filled = 0;
    while (filled < count) {
      const head = this.chunks[0] as Chunk;
      const part = head.samples.subarray(this.offset, this.offset + count - filled);
      out.set(part, filled);
      filled += part.length;
      this.offset += part.length;
      this.track(head.item).played += part.length;
      if (this.offset === head.samples.length) {
        this.chunks.shift();
        this.offset = 0;
      }
    }
    this.waiting -= count;
    return out;
  }

  private headIsWhole(): boolean {
    const head = this.chunks[0];
    return head !== undefined && this.track(head.item).whole;
  }

  private track(item: string): Track {
    let track = this.tracks.get(item);
    if (track === undefined) {
      track = { played: 0, pushed: 0, whole: false };
      this.tracks.set(item, track);
    }
    return track;
  }
}
