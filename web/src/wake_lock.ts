// Keeps a telephone's screen on during a call: when it goes dark, many take the microphone away.

export class WakeLock {
  private wanted = false;
  private sentinel: WakeLockSentinel | undefined;

  constructor(closed: AbortSignal) {
    document.addEventListener('visibilitychange', () => void this.acquire(), { signal: closed });
  }

  set(wanted: boolean): void {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    if (wanted) {
      void this.acquire();
    } else {
      void this.sentinel?.release();
      this.sentinel = undefined;
    }
  }

  /** The browser drops the lock whenever the page is hidden. */
  private async acquire(): Promise<void> {
    if (!this.wanted || document.hidden || !('wakeLock' in navigator) || !matchMedia('(pointer: coarse)').matches) return;
    try {
      const sentinel = await navigator.wakeLock.request('screen');
      if (this.wanted) this.sentinel = sentinel;
      else void sentinel.release();
    } catch {
      return; // a low battery forbids it
    }
  }
}
