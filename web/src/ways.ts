// The ways that a call can go: over WebRTC, or over a WebSocket. A call has one at a time.
//
// pure, but for what implements Way.

export type WayKind = 'webrtc' | 'websocket';

/** auto: WebRTC, and the WebSocket where that does not come about or is lost. */
export type Transport = 'auto' | WayKind;

/** Of a way that the server asks a key for, or another one (IANA's registry of close codes: Unauthorized). */
export const kNotLetIn = 3000;

/** Why a way is no more: as a WebSocket tells it. 1006: it broke. */
export interface WayEnd {
  code: number;
  reason: string;
  opened: boolean;
}

export interface WayListener {
  onText(text: string): void;
  onSound(bytes: ArrayBuffer): void;
  /** The last thing that a way says, once; not after close(). */
  onEnd(end: WayEnd): void;
}

export interface Way {
  readonly kind: WayKind;
  /** Bytes that the network has not taken yet. */
  readonly unsent: number;
  /** Dropped while it is not open. */
  send(message: object): void;
  close(): void;
}

export const kWayNames: Record<WayKind, string> = { webrtc: 'WebRTC', websocket: 'WebSocket' };

export const kFallbackAfter = 3_000; // milliseconds

/** What an attribute, a link or the browser's memory says; what is no transport means auto. */
export function transportOf(...said: string[]): Transport {
  const known = said.find((one): one is Transport => one === 'auto' || one === 'webrtc' || one === 'websocket');
  return known ?? 'auto';
}

/** How long WebRTC may take to come about, as it is written in an attribute or a link. */
export function fallbackAfter(...said: string[]): number {
  const known = said.find((one) => /^\d{1,6}$/.test(one));
  return known === undefined ? kFallbackAfter : Number(known);
}

/** Over which way a call begins. */
export function firstWay(transport: Transport, canWebRtc: boolean): WayKind {
  return transport === 'websocket' || (transport === 'auto' && !canWebRtc) ? 'websocket' : 'webrtc';
}

/** `Location: /v1/realtime/calls/ID`; empty when it is none. */
export function callIdOf(location: string): string {
  return /\/v1\/realtime\/calls\/([^/?#]+)$/.exec(location)?.[1] ?? '';
}

/** Below it the server's packets of silence come every 400 ms. */
const kLineSilence = 2_500;
const kLongestLook = 1_000; // of a page that slept it is not known what came meanwhile

/**
 * Tells from the packets that have come whether a media line lives. It is looked at several times a second.
 */
export class LineWatch {
  private packets = 0;
  private silence = 0;
  private lookedAt: number | undefined;

  /** `packets`: all that have come so far. */
  look(packets: number, now: number): void {
    const since = this.lookedAt === undefined ? 0 : Math.min(kLongestLook, now - this.lookedAt);
    this.lookedAt = now;
    this.silence = packets > this.packets ? 0 : this.silence + since;
    this.packets = Math.max(this.packets, packets);
  }

  get flows(): boolean {
    return this.packets > 0;
  }

  get dead(): boolean {
    return this.flows && this.silence >= kLineSilence;
  }
}
