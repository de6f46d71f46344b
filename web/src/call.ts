// One call, from the microphone's permission to hanging up.
//
// It joins the sound device, the socket and the conversation. Each step that waits checks afterwards
// whether the call was ended meanwhile. When the connection is lost, the call is taken over by another one, without a
// word lost, as long as the server keeps it (lifeline.ts). When the server itself goes away and can be expected back,
// the call waits for it, opens a new session and tells it what was said so far.

import { comesBack, pauseBefore } from './backoff.ts';
import type { Captions } from './captions.ts';
import { Conversation, type Effect } from './conversation.ts';
import {
  eventIdOf,
  languageUpdate,
  mannerUpdate,
  messageItem,
  parseServerEvent,
  sessionUpdate,
  speedUpdate,
  turnDetectionUpdate,
  type ClientEvent,
  type Manner,
  type SessionShown,
} from './events.ts';
import { Lifeline, type Resumed } from './lifeline.ts';
import { bytesOf, encodePcm, samplesOf } from './pcm.ts';
import { askReady } from './server_watch.ts';
import { close, openMicrophone, SoundDevice, stopTracks, unlockedContext, type SoundOptions } from './sound_device.ts';
import { spoken } from './transcript.ts';
import type { CapturedFrame, FromPlayout } from './worklets/messages.ts';

export type MicrophoneState = 'off' | 'asking…' | 'live' | 'blocked' | 'not found' | 'busy' | 'lost' | 'unavailable';
export type ConnectionState = 'idle' | 'connecting…' | 'connected' | 'reconnecting…' | 'ended' | 'failed' | 'lost';

export interface CallOptions {
  realtime: string;
  ready: string;
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
  onRecorded(samples: Float32Array, rate: number): void;
}

const kConnectTimeout = 10_000;
const kHeldFrames = 50; // one second of the microphone is kept until the session is open
const kMostUnsent = 512 * 1024; // bytes; beyond it the network is too slow, and frames are dropped
const kRetoldTurns = 20; // of the conversation before a restart
const kShortestPress = 250; // milliseconds; a shorter one is a slip of the finger
const kWatch = 1_000; // milliseconds between two looks at whether the connection lives
const kServerRestarts = 1012;
const kPolicy = 1008; // a client that reads too slowly, or has been replaced by another
const kTakenOver = 'taken over';
const kMostRefusals = 2;
const kTakeOverTimeout = 4_000;
const kServerVad = { type: 'server_vad' };

export class Call {
  readonly began = new Date();
  conversation = new Conversation();
  microphone: MicrophoneState = 'off';
  connection: ConnectionState = 'idle';
  muted = false;
  talking = false; // the push-to-talk key is down
  private device: SoundDevice | undefined;
  private socket: WebSocket | undefined;
  private lifeline = new Lifeline();
  private resuming = false; // the connection was lost, and the server may still keep the call
  private watch: number | undefined;
  private held: CapturedFrame[] = [];
  private over = false;
  private binary = false;
  private turnDetection: object | null = kServerVad;
  private timer: number | undefined;
  private lostAt: number | undefined;
  private attempt = 0;
  private refusals = 0;
  private pressedAt = 0;

  constructor(
    private readonly options: CallOptions,
    private readonly listener: CallListener,
  ) {}

  get active(): boolean {
    return !this.over;
  }

  get captions(): Captions {
    return this.conversation.captions;
  }

  /** To be called in a click, or the browser may keep the sound off. */
  async start(): Promise<void> {
    const context = unlockedContext();
    this.setMicrophoneState('asking…');
    try {
      const stream = await openMicrophone(this.options.sound.input);
      if (this.over) {
        stopTracks(stream);
        close(context);
        return;
      }
      const device = await SoundDevice.open(context, stream, this.soundListener(), this.options.sound);
      if (this.over) {
        device.close();
        return;
      }
      this.device = device;
    } catch (error) {
      close(context);
      if (!this.over) this.refuseMicrophone(error);
      return;
    }
    this.device.setMuted(this.muted);
    this.setMicrophoneState('live');
    this.connection = 'connecting…';
    this.connect();
  }

  /** Hangs up. */
  end(): void {
    if (this.over) return;
    const open = ['connected', 'connecting…', 'reconnecting…'].includes(this.connection);
    this.close(open ? 'ended' : this.connection);
  }

  setLanguage(language: string): void {
    this.options.language = language;
    this.sendWhenConnected(languageUpdate(language));
  }

  /** What a running session can still take over; a voice stays the one that has spoken. */
  setManner(manner: Manner): void {
    const before = this.options.manner;
    this.options.manner = manner;
    if (manner.speed !== before.speed) this.sendWhenConnected(speedUpdate(manner.speed));
    const update = mannerUpdate({
      voice: manner.voice === before.voice ? '' : manner.voice,
      speed: 1,
      instructions: manner.instructions === before.instructions ? '' : manner.instructions,
    });
    if (update !== undefined) this.sendWhenConnected(update);
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.device?.setMuted(muted);
    this.listener.onChange();
  }

  setVolume(volume: number): void {
    this.options.sound.volume = volume;
    this.device?.setVolume(volume);
  }

  setOutput(id: string): void {
    this.options.sound.output = id;
    void this.device?.setOutput(id);
  }

  async setInput(id: string): Promise<void> {
    this.options.sound.input = id;
    if (this.device === undefined || this.over) return;
    try {
      const stream = await openMicrophone(id);
      if (this.over) stopTracks(stream);
      else this.device.setMicrophone(stream);
      if (!this.over) this.setMicrophoneState('live');
    } catch {
      this.listener.onNotice('That microphone could not be opened. The call goes on with the one before.');
    }
  }

  setPushToTalk(on: boolean): void {
    this.options.pushToTalk = on;
    this.talking = false;
    this.sendWhenConnected(turnDetectionUpdate(on ? null : this.turnDetection));
    this.listener.onChange();
  }

  /** Push-to-talk: the key goes down, and up. */
  talk(down: boolean): void {
    // A key that was held while the connection was lost may be let go.
    const usable = this.connection === 'connected' || (this.resuming && !down);
    if (!usable || !this.options.pushToTalk || down === this.talking) return;
    this.talking = down;
    if (down) {
      this.pressedAt = performance.now();
      this.carryOut(this.conversation.press());
    } else {
      this.carryOut(this.conversation.release(performance.now() - this.pressedAt >= kShortestPress));
    }
    this.listener.onChange();
  }

  /** The caller typed something. */
  type(text: string): void {
    if (this.connection !== 'connected') return;
    this.carryOut(this.conversation.type(text));
    this.listener.onChange();
  }

  wake(): void {
    this.device?.wake();
  }

  private connect(): void {
    this.listener.onChange();
    let socket: WebSocket;
    const takeOver = this.resuming ? this.lifeline.address(this.options.realtime) : undefined;
    try {
      socket = new WebSocket(takeOver ?? this.options.realtime, ['realtime']);
    } catch {
      this.close('failed');
      return;
    }
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.timer = window.setTimeout(() => this.disconnected(socket, 1006), takeOver === undefined ? kConnectTimeout : kTakeOverTimeout);
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') this.receive(data);
      else if (data instanceof ArrayBuffer) this.receiveSound(data);
    };
    let opened = false;
    socket.onopen = () => {
      opened = true;
    };
    socket.onclose = (event) => {
      // Of a call that is kept, any end but another's taking it over is a lost connection.
      const kept = this.lifeline.kept !== undefined && event.code === kPolicy && event.reason !== kTakenOver;
      const code = kept ? 1006 : event.code;
      if (event.reason !== '' && !comesBack(code)) this.listener.onNotice(event.reason);
      // A server that is ready and twice does not let us in has no such call any more.
      if (takeOver !== undefined && !opened && ++this.refusals === kMostRefusals) this.beginAnew();
      this.disconnected(socket, code);
    };
  }

  private disconnected(socket: WebSocket, code: number): void {
    window.clearTimeout(this.timer);
    window.clearInterval(this.watch);
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
    const before = this.connection;
    if (before === 'connecting…') this.close('failed');
    else if (!comesBack(code)) this.close('lost');
    else this.comeBack(code);
  }

  /** Finds out that a connection is dead which nobody has closed. */
  private watchOver(socket: WebSocket): void {
    window.clearInterval(this.watch);
    this.watch = window.setInterval(() => {
      if (this.lifeline.dead(performance.now())) this.disconnected(socket, 1006);
    }, kWatch);
  }

  /** Waits, asks whether the server is ready, and connects again; again and again until it gives up. */
  private comeBack(code = 1006): void {
    if (this.lostAt === undefined) {
      this.lostAt = performance.now();
      this.attempt = 0;
      this.refusals = 0;
      this.connection = 'reconnecting…';
      this.resuming = this.lifeline.kept !== undefined && code !== kServerRestarts;
      if (!this.resuming) this.beginAnew();
      this.listener.onChange();
    }
    const kept = this.lifeline.kept?.resume_within_ms ?? 0;
    if (this.resuming && performance.now() - this.lostAt > kept) this.beginAnew();
    const pause = pauseBefore(this.attempt++, performance.now() - this.lostAt, Math.random());
    if (pause === undefined) {
      this.close('lost');
      return;
    }
    this.timer = window.setTimeout(async () => {
      const { kind } = await askReady(this.options.ready);
      if (this.over) return;
      if (kind === 'ready') this.connect();
      else this.comeBack();
    }, pause);
  }

  /** The call is gone: what follows is a new session. */
  private beginAnew(): void {
    this.resuming = false;
    this.lifeline = new Lifeline();
    this.binary = false;
    this.talking = false;
    this.device?.send({ kind: 'flush' });
    this.captions.close();
    this.conversation = new Conversation(this.captions);
  }

  private receive(text: string): void {
    const event = parseServerEvent(text);
    if (event?.type === 'antiphon.heard') return this.lifeline.heard(event.input_audio_ms, performance.now());
    this.lifeline.took(eventIdOf(text), performance.now());
    if (event === undefined) return;
    if (event.type === 'session.created') this.opened(event.session);
    if (event.type === 'antiphon.session') {
      this.lifeline.kept = event.kept;
      if (event.resumed !== undefined) this.resumed(event.resumed);
      if (this.socket !== undefined) this.watchOver(this.socket);
    }
    if (event.type === 'session.updated') this.binary = event.session.additions?.binary_audio === true;
    const before = this.conversation.activity;
    this.carryOut(this.conversation.step(event));
    // Fifty pieces of sound come each second, and but for the first of an answer they change no label.
    if (event.type !== 'response.output_audio.delta' || this.conversation.activity !== before) this.listener.onChange();
  }

  private receiveSound(bytes: ArrayBuffer): void {
    this.lifeline.tookSound(performance.now());
    const before = this.conversation.activity;
    this.carryOut(this.conversation.binary(samplesOf(bytes)));
    if (this.conversation.activity !== before) this.listener.onChange();
  }

  private opened(shown: SessionShown): void {
    window.clearTimeout(this.timer);
    const again = this.lostAt !== undefined;
    this.lostAt = undefined;
    this.connection = 'connected';
    this.turnDetection = shown.turnDetection ?? kServerVad;
    this.send(sessionUpdate(this.options.language, shown));
    const manner = mannerUpdate(this.options.manner);
    if (manner !== undefined) this.send(manner);
    if (this.options.pushToTalk) this.send(turnDetectionUpdate(null));
    if (again) this.retell();
    for (const frame of this.held) this.sendFrame(frame);
    this.held = [];
  }

  /** The same call goes on: the server sends what we have missed, and we what it has. */
  private resumed(where: Resumed): void {
    window.clearTimeout(this.timer);
    this.lostAt = undefined;
    this.resuming = false;
    this.connection = 'connected';
    const { sound, events } = this.lifeline.missed(where);
    for (const samples of sound) this.sendSound(samples);
    for (const { id, event } of events) this.put({ ...event, event_id: id });
    if (!where.complete) this.listener.onNotice('The connection was lost for a moment, and with it something of the answer.');
  }

  /** What was said before the server went away, for the session that takes its place. */
  private retell(): void {
    for (const caption of this.captions.all().slice(-kRetoldTurns)) {
      const text = spoken(caption);
      if (text !== '') this.send(messageItem(caption.side, text));
    }
  }

  private carryOut(effects: Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.send(effect.event);
          break;
        case 'play':
          this.device?.send({ kind: 'audio', item: effect.item, samples: effect.samples });
          break;
        case 'finish':
          this.device?.send({ kind: 'finish', item: effect.item });
          break;
        case 'flush':
          this.device?.send({ kind: 'flush' });
          break;
        case 'notice':
          this.listener.onNotice(effect.text);
          break;
      }
    }
  }

  private soundListener() {
    return {
      onFrame: (frame: CapturedFrame) => {
        const silent = this.muted || (this.options.pushToTalk && !this.talking);
        this.listener.onCallerLevel(silent ? 0 : frame.loudness);
        if (this.options.pushToTalk && !this.talking) return;
        if (this.connection === 'connected') this.sendFrame(frame);
        else if (this.resuming) this.lifeline.keep(frame.samples);
        else this.held = [...this.held, frame].slice(-kHeldFrames);
      },
      onPlayout: (message: FromPlayout) => this.heardFromPlayout(message),
      onMicrophoneEnded: () => {
        this.listener.onNotice('The microphone is gone. Choose another in the settings, or end the call and start again.');
        this.setMicrophoneState('lost');
      },
    };
  }

  private heardFromPlayout(message: FromPlayout): void {
    switch (message.kind) {
      case 'progress': {
        this.listener.onAnswerLevel(message.level);
        const heard = (message.played * 1000) / message.rate - (this.device?.outputDelay ?? 0);
        if (this.conversation.played(message.item, heard)) this.listener.onCaption(message.item);
        break;
      }
      case 'ended':
        this.conversation.ended(message.items);
        this.listener.onChange();
        break;
      case 'flushed':
        this.carryOut(this.conversation.flushed(message.positions, message.rate));
        this.listener.onChange();
        break;
      case 'recorded':
        this.listener.onRecorded(message.samples, this.device?.sampleRate ?? 0);
        break;
    }
  }

  private refuseMicrophone(error: unknown): void {
    const name = error instanceof DOMException ? error.name : '';
    if (name === 'NotAllowedError' || name === 'SecurityError') {
      this.microphone = 'blocked';
      this.listener.onNotice(
        'The browser does not let this page use the microphone. Allow it (the icon beside the address), then start again.',
      );
    } else if (name === 'NotFoundError' || name === 'OverconstrainedError') {
      this.microphone = 'not found';
      this.listener.onNotice('No microphone was found. Plug one in, then start again.');
    } else if (name === 'NotReadableError' || name === 'AbortError') {
      this.microphone = 'busy';
      this.listener.onNotice('The microphone could not be opened. Another program may be using it.');
    } else {
      this.microphone = 'unavailable';
      this.listener.onNotice(`Sound could not be started: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.close(this.connection);
  }

  private close(connection: ConnectionState): void {
    if (this.over) return;
    this.over = true;
    window.clearTimeout(this.timer);
    window.clearInterval(this.watch);
    this.resuming = false;
    this.connection = connection;
    this.talking = false;
    if (this.microphone === 'live' || this.microphone === 'asking…') this.microphone = 'off';
    if (this.socket !== undefined) {
      this.socket.onmessage = null;
      this.socket.onclose = null;
      this.socket.close(1000);
    }
    this.device?.close();
    this.captions.close();
    this.listener.onCallerLevel(0);
    this.listener.onAnswerLevel(0);
    this.listener.onChange();
  }

  private sendFrame({ samples }: CapturedFrame): void {
    // Of a call that is kept nothing is dropped: where this much waits, lifeline.dead() will soon say so.
    if (this.lifeline.kept === undefined && (this.socket?.bufferedAmount ?? 0) > kMostUnsent) return;
    this.lifeline.keep(samples);
    this.sendSound(samples);
  }

  private sendSound(samples: Int16Array<ArrayBuffer>): void {
    if (this.binary && this.socket?.readyState === WebSocket.OPEN) this.socket.send(bytesOf(samples));
    else this.put({ type: 'input_audio_buffer.append', audio: encodePcm(samples) });
  }

  private sendWhenConnected(event: ClientEvent): void {
    if (this.connection === 'connected') this.send(event);
  }

  private send(event: ClientEvent): void {
    const { id } = this.lifeline.remember(event);
    if (!this.resuming) this.put({ ...event, event_id: id });
  }

  private put(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private setMicrophoneState(state: MicrophoneState): void {
    this.microphone = state;
    this.listener.onChange();
  }
}
