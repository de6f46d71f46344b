// What a call is given, and what it tells.

import type { Passport } from './access_key.ts';
import type { Manner } from './events.ts';
import type { MicrophoneTrouble } from './microphone_trouble.ts';
import type { SoundOptions } from './sound_device.ts';
import type { Transport } from './ways.ts';

export type MicrophoneState = 'off' | 'asking…' | 'live' | 'lost' | MicrophoneTrouble;
export type ConnectionState = 'idle' | 'connecting…' | 'connected' | 'reconnecting…' | 'ended' | 'failed' | 'lost';

export interface CallOptions {
  realtime: string;
  calls: string;
  ice: string;
  ready: string;
  /** Shown with GET /ice; empty: none. */
  key: string;
  /** Asked for each new call; undefined: the call needs none. */
  passport: Passport | undefined;
  transport: Transport;
  fallbackAfter: number; // milliseconds for WebRTC to come about
  language: string;
  pushToTalk: boolean;
  manner: Manner;
  sound: SoundOptions;
}

export interface CallListener {
  onChange(): void;
  /** One caption looks different, nothing else. */
  onCaption(id: string): void;
  onCallerLevel(loudness: number): void;
  onAnswerLevel(loudness: number): void;
  onNotice(text: string): void;
  /** The server asks for a key, or for another one. */
  onKeyAsked(): void;
  /** Good to know, for a moment. */
  onPassingNotice(text: string): void;
  onRecorded(samples: Float32Array, rate: number): void;
}
