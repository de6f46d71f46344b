// The figure of a call: a disc that is the answering voice, and around it a ring that is the caller's.
//
// Both move with the real levels: the ring with the microphone, the disc and its four bars with the answer.
// Whoever asked for less motion gets the same states without movement: rings and bars change in strength.

import { meterLevel } from './pcm.ts';

export type FigureState = 'idle' | 'waiting' | 'listening' | 'hearing' | 'thinking' | 'speaking';

const kRise = 0.5; // of the way to the level, per frame
const kFall = 0.18;
const kPoints = 60;
const kFrame = 1 / 31; // seconds; calm, and easy on a telephone
const kBars = [0.46, 1, 0.64, 0.3]; // the sign's bars, as in its name plate
const kTurn = Math.PI * 2;

interface Colours {
  accent: string;
  quiet: string;
  on: string;
}

export class Figure {
  private state: FigureState = 'idle';
  private caller = 0;
  private answer = 0;
  private callerShown = 0;
  private answerShown = 0;
  private presence = 0; // 0: no call, 1: one under way
  private colours: Colours | undefined;
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)');
  private readonly dark = matchMedia('(prefers-color-scheme: dark)');
  private frame: number | undefined;
  private drawnAt = 0;
  private readonly sizes: ResizeObserver;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly meter: HTMLElement,
  ) {
    this.sizes = new ResizeObserver(() => this.redraw());
    this.sizes.observe(canvas);
    this.dark.addEventListener('change', this.redraw);
    this.still.addEventListener('change', this.redraw);
  }

  set(state: FigureState): void {
    if (state === this.state) return;
    this.state = state;
    this.wake();
  }

  setCallerLevel(loudness: number): void {
    this.caller = loudness === 0 ? 0 : meterLevel(loudness);
    this.wake();
  }

  setAnswerLevel(loudness: number): void {
    this.answer = loudness === 0 ? 0 : meterLevel(loudness);
    this.wake();
  }

  close(): void {
    this.sizes.disconnect();
    this.dark.removeEventListener('change', this.redraw);
    this.still.removeEventListener('change', this.redraw);
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
  }

  private readonly redraw = (): void => {
    this.colours = undefined;
    this.wake();
  };

  private wake(): void {
    this.frame ??= requestAnimationFrame(this.tick);
  }

  private readonly tick = (now: number): void => {
    this.frame = undefined;
    if (now / 1000 - this.drawnAt < kFrame) {
      this.wake();
      return;
    }
    this.drawnAt = now / 1000;
    this.step(now / 1000);
  };

  private step(now: number): void {
    const target = this.state === 'idle' ? 0 : 1;
    this.presence += (target - this.presence) * (this.still.matches ? 1 : 0.22);
    if (Math.abs(target - this.presence) < 0.005) this.presence = target;
    this.callerShown = approach(this.callerShown, this.caller);
    this.answerShown = approach(this.answerShown, this.answer);
    this.meter.setAttribute('aria-valuenow', String(Math.round(this.callerShown * 100)));
    this.draw(now);
    const moving = !this.still.matches && this.state !== 'idle';
    const settling = this.presence !== target || this.callerShown !== this.caller || this.answerShown !== this.answer;
    if (moving || settling) this.wake();
  }

  private draw(now: number): void {
    const side = this.canvas.clientWidth;
    const scale = Math.min(2, devicePixelRatio || 1);
    if (this.canvas.width !== Math.round(side * scale)) {
      this.canvas.width = this.canvas.height = Math.round(side * scale);
    }
    const pen = this.canvas.getContext('2d');
    if (pen === null || side === 0) return;
    this.colours ??= readColours(this.canvas);
    const motion = this.still.matches ? 0 : 1;
    pen.setTransform(scale, 0, 0, scale, (side * scale) / 2, (side * scale) / 2);
    pen.clearRect(-side, -side, 2 * side, 2 * side);
    // The light around it is the style's: a gradient drawn anew for each frame would be the dearest part.
    this.meter.style.setProperty('--glow', (this.presence * (0.14 + 0.3 * this.answerShown)).toFixed(2));
    this.drawRing(pen, side * 0.345, now * motion, motion);
    this.drawDisc(pen, side * 0.225, now * motion, motion);
  }

  /** The caller's ring: a circle at rest, waves with the voice; while the answer is thought out, light goes around. */
  private drawRing(pen: CanvasRenderingContext2D, radius: number, now: number, motion: number): void {
    const { accent, quiet } = this.colours as Colours;
    const level = this.callerShown;
    const swell = level * radius * 0.13 * motion;
    const at = (angle: number): number =>
      radius + swell * (0.5 + 0.5 * Math.sin(angle * 5 + now * 2.1)) * (0.6 + 0.4 * Math.sin(angle * 3 - now * 1.4));
    pen.lineCap = 'round';
    pen.lineJoin = 'round';
    pen.lineWidth = 1.5 + 2 * level;
    pen.strokeStyle = this.state === 'idle' || this.state === 'waiting' ? quiet : accent;
    pen.globalAlpha = this.state === 'idle' ? 0.4 : 0.3 + 0.7 * level;
    if (this.state === 'waiting') pen.setLineDash([2, 9]);
    if (this.state === 'waiting') pen.globalAlpha = 0.9;
    path(pen, at, 0, kTurn);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
    if (this.state !== 'thinking') return;
    const from = now * 2.6;
    pen.lineWidth = 3;
    for (let i = 0; i < 12; i++) {
      pen.globalAlpha = ((i + 1) / 12) ** 1.6;
      path(pen, at, from + i * 0.11, from + (i + 1) * 0.11);
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  private drawDisc(pen: CanvasRenderingContext2D, rest: number, now: number, motion: number): void {
    const { accent, quiet, on } = this.colours as Colours;
    const level = this.answerShown;
    const breath = this.state === 'idle' ? 0 : 0.012 * Math.sin(now * 1.6);
    const radius = rest * (1 + breath + 0.16 * level * motion);
    const soft = level * rest * 0.03 * motion;
    const at = (angle: number): number => radius + soft * Math.sin(angle * 3 + now * 2.2) + soft * 0.6 * Math.sin(angle * 4 - now * 1.7);
    path(pen, at, 0, kTurn);
    pen.fillStyle = quiet;
    pen.globalAlpha = 0.22 * (1 - this.presence);
    pen.fill();
    pen.fillStyle = accent;
    pen.globalAlpha = this.presence * (this.state === 'waiting' ? 0.35 : 1);
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = this.presence > 0.5 ? on : quiet;
    pen.lineWidth = rest * 0.125;
    pen.lineCap = 'round';
    kBars.forEach((share, i) => {
      const x = (i - 1.5) * rest * 0.27;
      const half = rest * 0.4 * this.bar(share, i, now, motion);
      pen.beginPath();
      pen.moveTo(x, -half);
      pen.lineTo(x, half);
      pen.stroke();
    });
  }

  private bar(share: number, i: number, now: number, motion: number): number {
    switch (this.state) {
      case 'speaking':
        return 0.12 + (share * 0.35 + 0.65 * (0.5 + 0.5 * Math.sin(now * (5 + i) + i * 1.9)) * motion + 0.65 * share * (1 - motion)) * (0.25 + 0.75 * this.answerShown);
      case 'thinking':
        return motion === 0 ? 0.1 : 0.1 + 0.16 * Math.max(0, Math.sin(now * 4 - i * 0.8));
      case 'listening':
      case 'hearing':
        return 0.06 + 0.12 * share;
      default:
        return 0.3 + 0.7 * share;
    }
  }
}

function approach(shown: number, level: number): number {
  const next = shown + (level - shown) * (level > shown ? kRise : kFall);
  return Math.abs(level - next) < 0.004 ? level : next;
}

function path(pen: CanvasRenderingContext2D, radius: (angle: number) => number, from: number, to: number): void {
  const points = Math.max(2, Math.ceil((kPoints * (to - from)) / kTurn));
  pen.beginPath();
  for (let i = 0; i <= points; i++) {
    const angle = from + ((to - from) * i) / points;
    pen.lineTo(radius(angle) * Math.cos(angle), radius(angle) * Math.sin(angle));
  }
  if (to - from === kTurn) pen.closePath();
}

function readColours(element: Element): Colours {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim() || '#777';
  return { accent: colour('--accent'), quiet: colour('--quiet'), on: colour('--on-accent') };
}
