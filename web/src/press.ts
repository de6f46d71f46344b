// A push-to-talk key that is held: how long, and what follows when it is let go.

const kShortest = 250; // milliseconds; a shorter press is a slip of the finger

export class Press {
  private since = 0;
  private timer: number | undefined;
  private waiting: (() => void) | undefined;

  down(): void {
    this.settle();
    this.since = performance.now();
  }

  /** Calls `then` with whether anything can have been said, after so many milliseconds; without any at once. */
  up(delay: number, then: (spoken: boolean) => void): void {
    this.settle();
    const spoken = performance.now() - this.since >= kShortest;
    if (delay === 0) return then(spoken);
    this.waiting = () => then(spoken);
    this.timer = window.setTimeout(() => this.settle(), delay);
  }

  /** What follows the last press does so now. */
  settle(): void {
    const { waiting } = this;
    this.forget();
    waiting?.();
  }

  forget(): void {
    window.clearTimeout(this.timer);
    this.waiting = undefined;
  }
}
