// What a call needs to outlive its connection: where the server's side of it stands, and what the server may not have
// got of ours.
//
// pure. The server says in `antiphon.session` how the call is taken over, and in `antiphon.heard` each second up to
// where it has the caller's sound. Whatever carries the messages tells took(), tookSound() and alive(), and asks for
// everything else.
//
// Positions in the microphone's sound count its samples since the click. Over a WebSocket the server counts the same
// samples. Over a media line it counts what the line has brought since its first packet; how far that is behind is told
// from what was captured when its count comes: later by what the sound and the count take on their ways, so the least
// is nearest to the truth, and what is taken off that for the ways is rather too much: then a moment is sent twice, and
// nothing is lost.

import type { ClientEvent } from './events.ts';

/** How to take the call over. */
export interface KeptCall {
  call_id: string;
  resume_token: string;
  resume_within_ms: number;
}

/** What the server says to a client that has come back. */
export interface Resumed {
  complete: boolean;
  input_audio_ms: number;
  last_client_event_id: string;
}

export interface Sent {
  id: string;
  event: ClientEvent;
}

const kRate = 24000;
const kMostSamples = 30 * kRate;
const kMostEvents = 100;
/** Of sound in the browser and in the server, beyond the network's round trip: encoder, buffers, 20 ms steps. */
const kLineMargin = 200; // milliseconds
const kRestarts = 180_000; // milliseconds; models of a large server load for minutes
const kSilence = 4_000; // milliseconds; the server says something each second

export class Lifeline {
  kept: KeptCall | undefined;
  /** The server has said that it ends, and that another goes on with the call; until a connection is there again. */
  goesOn = false;
  private lastEvent = '';
  private binaries = 0; // after that event
  private lastSign = 0;
  private frames: { from: number; samples: Int16Array<ArrayBuffer> }[] = [];
  private position = 0; // in the microphone's sound: samples since the call's first
  private skipped = 0; // of these, the server counts less: it never got them, or not over a media line
  private lineTold = false; // how far the line is behind was told by the server's own count
  private events: Sent[] = [];
  private count = 0;

  /** An event came, at this time in milliseconds. */
  took(eventId: string, now: number): void {
    this.lastSign = now;
    if (eventId === '') return;
    this.lastEvent = eventId;
    this.binaries = 0;
  }

  tookSound(now: number): void {
    this.lastSign = now;
    this.binaries++;
  }

  /**
   * `antiphon.heard`: it is no event to resume from. What was heard is kept all the same: should this server be lost,
   * another one asks for what was not part of the conversation yet.
   */
  heard(now: number): void {
    this.lastSign = now;
  }

  /** A media line is open: what was captured before did not go over it. */
  lineOpened(now: number): void {
    this.lastSign = now;
    this.skipped = Math.max(0, this.position - samplesIn(kLineMargin));
    this.lineTold = false;
  }

  /** `antiphon.heard` of a call whose sound goes over a media line with this round trip, in milliseconds. */
  heardOverLine(milliseconds: number, roundTrip: number, now: number): void {
    this.lastSign = now;
    const behind = Math.max(0, this.position - samplesIn(milliseconds + roundTrip + kLineMargin));
    this.skipped = this.lineTold ? Math.min(this.skipped, behind) : behind;
    this.lineTold = true;
  }

  /** Whether a server that keeps the call has been silent for so long that the connection must be dead. */
  dead(now: number): boolean {
    return this.kept !== undefined && now - this.lastSign > kSilence;
  }

  /** A new connection is under way: its silence counts from here. */
  alive(now: number): void {
    this.lastSign = now;
  }

  /** Where the call is taken over; undefined when the server does not keep it. */
  address(realtime: string): string | undefined {
    if (this.kept === undefined) return undefined;
    const query = new URLSearchParams({
      call_id: this.kept.call_id,
      resume: this.kept.resume_token,
      last_event_id: this.lastEvent,
      after_binary: String(this.binaries),
    });
    return `${realtime.split('?')[0]}?${query}`;
  }

  /** The microphone's next sound, whether it can be sent now or not. */
  keep(samples: Int16Array<ArrayBuffer>): void {
    this.frames.push({ from: this.position, samples });
    this.position += samples.length;
    this.forget(this.position - kMostSamples);
  }

  /** An event of ours, whether it can be sent now or not; with the id that it is to carry. */
  remember(event: ClientEvent): Sent {
    const sent = { id: `page_${++this.count}`, event };
    this.events.push(sent);
    if (this.events.length > kMostEvents) this.events.shift();
    return sent;
  }

  /**
   * The server ends, and closes the connection; over WebRTC nothing else says why. `elsewhere`: the call can be taken
   * over from the next one as soon as that is there.
   */
  restarting(elsewhere: boolean): void {
    this.goesOn = elsewhere && this.kept !== undefined;
    this.kept = this.goesOn && this.kept !== undefined ? { ...this.kept, resume_within_ms: kRestarts } : undefined;
  }

  /** What the server has not got, to be sent again in this order. */
  missed(resumed: Resumed): { sound: Int16Array<ArrayBuffer>[]; events: Sent[] } {
    const wanted = this.positionOf(resumed.input_audio_ms);
    this.forget(wanted);
    const first = this.frames[0]?.from ?? this.position;
    if (first > wanted) this.skipped += first - wanted;
    const sound = this.frames.map(({ from, samples }) => samples.subarray(Math.max(0, wanted - from)));
    const last = this.events.findIndex(({ id }) => id === resumed.last_client_event_id);
    this.events = this.events.slice(last + 1);
    return { sound, events: [...this.events] };
  }

  /** All of the microphone's sound that is kept, for a call that begins anew with it. */
  get captured(): Int16Array<ArrayBuffer>[] {
    return this.frames.map(({ samples }) => samples);
  }

  private positionOf(milliseconds: number): number {
    return samplesIn(milliseconds) + this.skipped;
  }

  private forget(before: number): void {
    while (this.frames.length > 0) {
      const { from, samples } = this.frames[0] as { from: number; samples: Int16Array };
      if (from + samples.length > before) return;
      this.frames.shift();
    }
  }
}

function samplesIn(milliseconds: number): number {
  return Math.round((milliseconds * kRate) / 1000);
}
