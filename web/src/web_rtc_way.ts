// A call over WebRTC: sound over a media line, events over the data channel `oai-events`.
//
// One POST makes the call; its answer has all of the server's addresses, and nothing is trickled. Whether media comes
// through, and whether it still does, is told from the packets that have come.

import { bearer, type Passport } from './access_key.ts';
import type { WayEnd, WayListener, Way } from './ways.ts';
import { callIdOf, LineWatch } from './ways.ts';

export interface LineOptions {
  /** POST makes a call here. */
  calls: string;
  /** The session, as the first session.update would have it. */
  session: object;
  /** Asked for already; never rejects. */
  iceServers: Promise<RTCIceServer[]>;
  passport: Passport | undefined;
  microphone: MediaStream;
}

export interface LineListener extends WayListener {
  /** The server has taken the call; an empty token: it cannot be taken over. */
  onTaken(callId: string, resumeToken: string): void;
  /** 401: the server asks for a key, or for another one. */
  onRefused(status: number): void;
  /** The answers' sound. */
  onLine(stream: MediaStream): void;
  /** The caller's sound goes out from now on. */
  onConnected(): void;
  /** The first packet has come. */
  onFlow(): void;
  /** Nothing comes any more. */
  onLost(): void;
}

const kLook = 200; // milliseconds between two looks at the packets
const kIceTimeout = 1_000;
const kHangUpTimeout = 2_000;

export function canWebRtc(): boolean {
  return typeof RTCPeerConnection !== 'undefined';
}

/** STUN and TURN servers as the server names them; none where it does not within a second. */
export async function fetchIceServers(address: string, key: string): Promise<RTCIceServer[]> {
  try {
    const answer = await fetch(address, { cache: 'no-store', headers: bearer(key), signal: AbortSignal.timeout(kIceTimeout) });
    const { iceServers } = (await answer.json()) as { iceServers?: unknown };
    return answer.ok && Array.isArray(iceServers) ? (iceServers as RTCIceServer[]) : [];
  } catch {
    return [];
  }
}

export class WebRtcWay implements Way {
  readonly kind = 'webrtc';
  /** Of the path that is in use, in milliseconds. */
  roundTrip = 0;
  private peer: RTCPeerConnection | undefined;
  private channel: RTCDataChannel | undefined;
  private sender: RTCRtpSender | undefined;
  private readonly watch = new LineWatch();
  private readonly aborted = new AbortController();
  private looking: number | undefined;
  private flowed = false;
  private closed = false;
  private callAddress = '';
  private token = ''; // the call's own, which ends it where a key is asked for

  constructor(
    private readonly options: LineOptions,
    private readonly listener: LineListener,
  ) {
    void this.open().catch(() => this.refuse(0));
  }

  /** Whether sound has come. */
  get flows(): boolean {
    return this.flowed;
  }

  get unsent(): number {
    return this.channel?.bufferedAmount ?? 0;
  }

  send(message: object): void {
    if (this.channel?.readyState === 'open') this.channel.send(JSON.stringify(message));
  }

  /** Another microphone. */
  replace(microphone: MediaStream): void {
    void this.sender?.replaceTrack(microphone.getAudioTracks()[0] ?? null).catch(() => undefined);
  }

  /** Lets go of it; the server keeps the call for who takes it over. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    window.clearInterval(this.looking);
    this.aborted.abort();
    if (this.channel !== undefined) this.channel.onclose = this.channel.onmessage = null;
    this.peer?.close();
  }

  /** Ends the call on the server as well. */
  hangUp(): void {
    const peer = this.peer;
    if (this.callAddress === '' || peer === undefined) return this.close();
    this.peer = undefined;
    void this.sender?.replaceTrack(null).catch(() => undefined);
    const stop = { method: 'POST', headers: bearer(this.token), keepalive: true, signal: AbortSignal.timeout(kHangUpTimeout) };
    void fetch(`${this.callAddress}/hangup`, stop)
      .catch(() => undefined)
      .finally(() => peer.close());
    this.close();
  }

  private async open(): Promise<void> {
    const iceServers = await this.options.iceServers;
    const secret = this.options.passport === undefined ? '' : await this.options.passport();
    if (this.closed) return;
    if (secret === undefined) return this.refuse(401);
    const peer = this.made(iceServers);
    this.peer = peer;
    const track = this.options.microphone.getAudioTracks()[0];
    if (track === undefined) return this.refuse(0);
    this.sender = peer.addTransceiver(track, { direction: 'sendrecv', streams: [this.options.microphone] }).sender;
    peer.ontrack = ({ track: theirs, streams }) => {
      if (!this.closed) this.listener.onLine(streams[0] ?? new MediaStream([theirs]));
    };
    this.listenTo(peer, peer.createDataChannel('oai-events'));
    await peer.setLocalDescription();
    const form = new FormData();
    form.append('sdp', peer.localDescription?.sdp ?? '');
    form.append('session', JSON.stringify(this.options.session));
    const answer = await fetch(this.options.calls, {
      method: 'POST',
      headers: bearer(secret),
      body: form,
      signal: this.aborted.signal,
    });
    if (this.closed) return;
    const id = callIdOf(answer.headers.get('Location') ?? '');
    if (answer.status !== 201 || id === '') return this.refuse(answer.status);
    this.callAddress = `${this.options.calls.split('?')[0]}/${id}`;
    const token = answer.headers.get('Antiphon-Resume-Token') ?? '';
    if (secret !== '') this.token = token;
    this.listener.onTaken(id, token);
    const sdp = await answer.text();
    if (this.closed) return;
    await peer.setRemoteDescription({ type: 'answer', sdp });
    this.looking = window.setInterval(() => void this.look(peer), kLook);
  }

  private made(iceServers: RTCIceServer[]): RTCPeerConnection {
    const settings: RTCConfiguration = { bundlePolicy: 'max-bundle' };
    try {
      return new RTCPeerConnection({ ...settings, iceServers });
    } catch {
      return new RTCPeerConnection(settings); // one of the addresses is none for this browser
    }
  }

  private listenTo(peer: RTCPeerConnection, channel: RTCDataChannel): void {
    this.channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') this.listener.onText(data);
      else if (data instanceof ArrayBuffer) this.listener.onSound(data);
    };
    channel.onclose = () => this.end({ code: 1000, reason: '', opened: true });
    peer.onconnectionstatechange = () => {
      if (this.closed) return;
      if (peer.connectionState === 'connected') this.listener.onConnected();
      if (peer.connectionState === 'failed') this.listener.onLost();
    };
    peer.oniceconnectionstatechange = () => {
      if (!this.closed && ['disconnected', 'failed'].includes(peer.iceConnectionState)) this.listener.onLost();
    };
  }

  private async look(peer: RTCPeerConnection): Promise<void> {
    const stats = await peer.getStats().catch(() => undefined);
    if (this.closed || stats === undefined) return;
    let packets = 0;
    stats.forEach((entry: { type: string; kind?: string; packetsReceived?: number; nominated?: boolean; currentRoundTripTime?: number }) => {
      if (entry.type === 'inbound-rtp' && entry.kind === 'audio') packets += entry.packetsReceived ?? 0;
      if (entry.type === 'candidate-pair' && entry.nominated === true) this.roundTrip = (entry.currentRoundTripTime ?? 0) * 1000;
    });
    this.watch.look(packets, performance.now());
    if (this.watch.flows && !this.flowed) {
      this.flowed = true;
      this.listener.onFlow();
    }
    if (this.watch.dead && !this.closed) this.listener.onLost();
  }

  private refuse(status: number): void {
    if (!this.closed) this.listener.onRefused(status);
  }

  private end(end: WayEnd): void {
    if (!this.closed) this.listener.onEnd(end);
  }
}
