// The microphone's level: rises at once, falls gently.

import { meterLevel } from './pcm.ts';

const kFall = 0.9; // of what is shown, per 20 ms frame

export class LevelMeter {
  private shown = 0;
  private drawing = false;

  constructor(private readonly meter: HTMLElement) {}

  set(loudness: number): void {
    this.shown = loudness === 0 ? 0 : Math.max(meterLevel(loudness), this.shown * kFall);
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.meter.style.setProperty('--level', this.shown.toFixed(3));
      this.meter.setAttribute('aria-valuenow', String(Math.round(this.shown * 100)));
    });
  }
}
