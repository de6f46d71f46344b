// What the page and its two worklets say to each other over their message ports.

import type { Position } from '../playout_queue.ts';

export const kCaptureProcessor = 'antiphon-capture';
export const kPlayoutProcessor = 'antiphon-playout';

/** From the capture worklet: 20 ms of the microphone. */
export interface CapturedFrame {
  samples: Int16Array<ArrayBuffer>;
  loudness: number;
}

export interface PlayoutOptions {
  /** Give back what was played, for tests that listen to the page. */
  record: boolean;
}

export type ToPlayout =
  | { kind: 'audio'; item: string; samples: Int16Array }
  | { kind: 'finish'; item: string }
  | { kind: 'flush' };

export type FromPlayout =
  /** Some 30 times a second while something sounds, and once when it falls silent: how loud it is, in [0, 1], and
   * how many samples of the answer that sounds were played. */
  | { kind: 'progress'; level: number; item: string; played: number; rate: number }
  /** Some 30 times a second while a media line is joined: how loud that is, in [0, 1]. */
  | { kind: 'line'; level: number }
  /** Answers that were played to their end. */
  | { kind: 'ended'; items: string[] }
  /** The answer to 'flush'; `rate` is that of the positions' samples. */
  | { kind: 'flushed'; positions: Position[]; rate: number }
  /** With `record`: what came out, silence included. */
  | { kind: 'recorded'; samples: Float32Array };
