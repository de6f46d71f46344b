// One call, from the microphone's permission to hanging up.
//
// It joins the sound device, the way (WebRTC or a WebSocket) and the conversation. Each step that waits checks
// afterwards whether the call was ended meanwhile. A call begins over WebRTC where it can; when that does not come about
// in time, or is lost, or any other connection is, the call is taken over by a WebSocket, without a word lost, as long
// as the server keeps it (lifeline.ts). When the server itself goes away and can be expected back, the call waits for
// it, opens a new session and tells it what was said so far.

import { Absence, comesBack } from './backoff.ts';
import type { CallListener, CallOptions, ConnectionState, MicrophoneState } from './call_options.ts';
import type { Captions } from './captions.ts';
import { Conversation, type Effect } from './conversation.ts';
import {
  binaryUpdate,
  eventIdOf,
  languageUpdate,
  mannerChanges,
  mannerUpdate,
  messageItem,
  offeredSession,
  parseServerEvent,
  sessionUpdate,
  turnDetectionUpdate,
  type ClientEvent,
  type Manner,
  type SessionShown,
} from './events.ts';
import { Lifeline, type Resumed } from './lifeline.ts';
import { LineClock } from './line_clock.ts';
import { microphoneTrouble } from './microphone_trouble.ts';
import { onNetworkChange } from './network_change.ts';
import { encodePcm, samplesOf } from './pcm.ts';
import { Press } from './press.ts';
import { askReady } from './server_watch.ts';
import { close, openMicrophone, SoundDevice, stopTracks, unlockedContext } from './sound_device.ts';
import { lastSaid } from './transcript.ts';
import { firstWay, kNotLetIn, type WayEnd, type WayKind } from './ways.ts';
import { canWebRtc, fetchIceServers, WebRtcWay } from './web_rtc_way.ts';
import { WebSocketWay } from './web_socket_way.ts';
import type { CapturedFrame, FromPlayout } from './worklets/messages.ts';

const kConnectTimeout = 10_000;
const kHeldFrames = 750; // 15 s of the microphone are kept until the session is open
const kMostUnsent = 512 * 1024; // bytes; beyond it the network is too slow, and frames are dropped
const kRetoldTurns = 20; // of the conversation before a restart
const kWatch = 1_000; // milliseconds between two looks at whether the connection lives
const kServerRestarts = 1012;
const kPolicy = 1008; // a client that reads too slowly, or has been replaced by another
const kTakenOver = 'taken over';
const kTakeOverTimeout = 4_000;
const kSoundTravels = 250; // milliseconds; over a media line an event is faster than the sound before it
const kLongestKept = 25_000; // until the server says how long it keeps a call
const kServerVad = { type: 'server_vad' };

export class Call {
  readonly began = new Date();
  conversation = new Conversation();
  microphone: MicrophoneState = 'off';
  connection: ConnectionState = 'idle';
  muted = false;
  talking = false; // the push-to-talk key is down
  private device: SoundDevice | undefined;
  private socket: WebSocketWay | undefined;
  private line: WebRtcWay | undefined;
  private configured = ''; // the session that went with the offer, while it stands
  private greeted = false; // session.created has come
  private absence: Absence | undefined; // from the loss of a connection to its return
  private readonly lineClock = new LineClock();
  private readonly press = new Press();
  private lifeline = new Lifeline();
  private resuming = false; // the connection was lost, and the server may still keep the call
  private watch: number | undefined;
  private held: Int16Array<ArrayBuffer>[] = [];
  private over = false;
  private binary = false;
  private turnDetection: object | null = kServerVad;
  private timer: number | undefined;
  private readonly ended = new AbortController();

  constructor(
    private readonly options: CallOptions,
    private readonly listener: CallListener,
  ) {}

  get active(): boolean {
    return !this.over;
  }

  /** The way that the call goes; undefined while it has none. */
  get way(): WayKind | undefined {
    if (this.connection !== 'connected') return undefined;
    return this.line !== undefined ? 'webrtc' : 'websocket';
  }

  get captions(): Captions {
    return this.conversation.captions;
  }

  /** To be called in a click, or the browser may keep the sound off. */
  async start(): Promise<void> {
    const context = unlockedContext();
    const overLine = firstWay(this.options.transport, canWebRtc()) === 'webrtc';
    const iceServers = overLine ? fetchIceServers(this.options.ice, this.options.key) : Promise.resolve([]);
    this.setMicrophoneState('asking…');
    try {
      const stream = await openMicrophone(this.options.sound.input);
      if (this.over) {
        stopTracks(stream);
        close(context);
        return;
      }
      const device = await SoundDevice.open(context, stream, this.soundListener(), this.options.sound);
      if (this.over) return device.close();
      this.device = device;
    } catch (error) {
      close(context);
      if (!this.over) this.refuseMicrophone(error);
      return;
    }
    this.setMicrophoneState('live');
    this.connection = 'connecting…';
    onNetworkChange(() => this.networkChanged(), this.ended.signal);
    if (overLine) this.openLine(iceServers);
    else this.connect();
    this.listenToCaller();
  }

  /** Hangs up. */
  end(): void {
    if (this.over) return;
    this.line?.hangUp();
    const open = ['connected', 'connecting…', 'reconnecting…'].includes(this.connection);
    this.close(open ? 'ended' : this.connection);
  }

  setLanguage(language: string): void {
    this.options.language = language;
    this.sendWhenConnected(languageUpdate(language));
  }

  /** What a running session can still take over; a voice stays the one that has spoken. */
  setManner(manner: Manner): void {
    for (const update of mannerChanges(this.options.manner, manner)) this.sendWhenConnected(update);
    this.options.manner = manner;
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.listenToCaller();
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
      this.line?.replace(stream);
      if (!this.over) this.setMicrophoneState('live');
    } catch {
      this.listener.onNotice('That microphone could not be opened. The call goes on with the one before.');
    }
  }

  setPushToTalk(on: boolean): void {
    this.options.pushToTalk = on;
    this.talking = false;
    this.listenToCaller();
    this.sendWhenConnected(turnDetectionUpdate(on ? null : this.turnDetection));
    this.listener.onChange();
  }

  /** Push-to-talk: the key goes down, and up. */
  talk(down: boolean): void {
    // A key that was held while the connection was lost may be let go.
    const usable = this.connection === 'connected' || (this.resuming && !down);
    if (!usable || !this.options.pushToTalk || down === this.talking) return;
    this.talking = down;
    this.listenToCaller();
    if (down) {
      this.press.down();
      this.carryOut(this.conversation.press());
    } else {
      const travels = this.line === undefined ? 0 : kSoundTravels + this.line.roundTrip;
      this.press.up(travels, (spoken) => {
        this.carryOut(this.conversation.release(spoken));
        this.listener.onChange();
      });
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

  /** The call begins over WebRTC; what the caller says meanwhile is kept. */
  private openLine(iceServers: Promise<RTCIceServer[]>): void {
    const { calls, passport, language, manner, pushToTalk, fallbackAfter } = this.options;
    const session = offeredSession(language, manner, pushToTalk);
    const device = this.device as SoundDevice;
    this.configured = JSON.stringify(session);
    this.conversation.setLine(true);
    this.line = new WebRtcWay(
      { calls, session, iceServers, passport, microphone: device.microphone },
      {
        onTaken: (call_id, resume_token) => {
          if (resume_token !== '') this.lifeline.kept = { call_id, resume_token, resume_within_ms: kLongestKept };
        },
        onRefused: (status) => (status === 401 ? this.notLetIn() : this.lineLost()),
        onLine: (stream) => device.setLine(stream),
        onConnected: () => this.lifeline.lineOpened(performance.now()),
        onFlow: () => this.lineOpened(),
        onText: (text) => this.receive(text),
        onSound: () => undefined,
        onLost: () => this.lineLost(),
        onEnd: () => this.lineLost(true),
      },
    );
    this.timer = window.setTimeout(() => this.lineLost(), fallbackAfter);
    this.listener.onChange();
  }

  private lineOpened(): void {
    if (this.connection !== 'connecting…' || !this.greeted || this.line?.flows !== true) return;
    this.connected();
    this.listener.onChange();
  }

  /** The media line did not come about, or is no more: the same call goes on over a WebSocket. */
  private lineLost(inOrder = false): void {
    const { line, lifeline } = this;
    if (this.over || line === undefined) return;
    const began = this.connection === 'connected';
    window.clearTimeout(this.timer);
    window.clearInterval(this.watch);
    if (!began && this.options.transport === 'webrtc') {
      line.hangUp();
      this.listener.onNotice('No call over WebRTC came about, and nothing else is allowed in the settings.');
      this.close('failed');
      return;
    }
    this.press.settle();
    line.close();
    this.line = undefined;
    this.device?.setLine(undefined);
    this.conversation.setLine(false);
    this.listenToCaller();
    this.greeted = false;
    this.resuming = lifeline.kept !== undefined;
    if (!began) {
      if (!this.resuming) this.beginWithHeld();
      this.listener.onPassingNotice('WebRTC does not get through here. The call goes over the WebSocket.');
      this.connect();
    } else if (this.resuming) {
      this.absence = new Absence(performance.now(), inOrder && !this.lifeline.goesOn);
      this.connection = 'reconnecting…';
      this.listener.onPassingNotice('The WebRTC connection was lost. The call goes on over the WebSocket.');
      this.connect();
    } else {
      this.comeBack();
    }
  }

  /** What the caller has said so far is said to a call that begins anew. */
  private beginWithHeld(): void {
    this.held = this.lifeline.captured;
    this.resuming = false;
    this.configured = '';
    this.lifeline = new Lifeline();
    this.conversation = new Conversation(this.captions);
  }

  private networkChanged(): void {
    if (this.line !== undefined && this.connection === 'connected') return this.lineLost();
    if (this.connection !== 'reconnecting…' || this.socket !== undefined) return;
    window.clearTimeout(this.timer);
    this.absence?.hurry();
    void this.ask();
  }

  private connect(): void {
    this.listener.onChange();
    const takeOver = this.resuming ? this.lifeline.address(this.options.realtime) : undefined;
    const passport = takeOver === undefined ? this.options.passport : undefined; // to come back, the token is enough
    const onEnd = (end: WayEnd): void => this.socketEnded(end, takeOver !== undefined);
    const listener = { onText: (text: string) => this.receive(text), onSound: (bytes: ArrayBuffer) => this.receiveSound(bytes), onEnd };
    try {
      this.socket = new WebSocketWay(takeOver ?? this.options.realtime, passport, listener);
    } catch {
      return this.close('failed');
    }
    this.timer = window.setTimeout(() => this.disconnected(1006), takeOver === undefined ? kConnectTimeout : kTakeOverTimeout);
  }

  private notLetIn(): void {
    this.listener.onKeyAsked();
    this.close('failed');
  }

  private socketEnded(end: WayEnd, takesOver: boolean): void {
    if (end.code === kNotLetIn) return this.notLetIn();
    // Of a call that is kept, any end but another's taking it over is a lost connection.
    const kept = this.lifeline.kept !== undefined && end.code === kPolicy && end.reason !== kTakenOver;
    const code = kept ? 1006 : end.code;
    if (end.reason !== '' && !comesBack(code)) this.listener.onNotice(end.reason);
    // A server that is ready and twice does not let us in has no such call any more.
    const verdict = takesOver && !end.opened ? this.absence?.refused() : undefined;
    if (verdict === 'over') return this.close('lost');
    if (verdict === 'anew') this.beginAnew();
    this.disconnected(code);
  }

  private disconnected(code: number): void {
    window.clearTimeout(this.timer);
    window.clearInterval(this.watch);
    this.socket?.close();
    this.socket = undefined;
    if (this.connection === 'connecting…') {
      if (!this.resuming) return this.close('failed');
      this.beginWithHeld(); // the call that was asked for cannot be taken over
      this.connect();
    } else if (!comesBack(code)) {
      this.close('lost');
    } else {
      this.comeBack(code);
    }
  }

  /** Finds out that a connection is dead which nobody has closed. */
  private watchOver(): void {
    window.clearInterval(this.watch);
    this.watch = window.setInterval(() => {
      if (!this.lifeline.dead(performance.now())) return;
      if (this.line !== undefined) this.lineLost();
      else this.disconnected(1006);
    }, kWatch);
  }

  /** Waits, asks whether the server is ready, and connects again; again and again until it gives up. */
  private comeBack(code = 1006): void {
    const now = performance.now();
    if (this.absence === undefined) {
      this.absence = new Absence(now);
      this.connection = 'reconnecting…';
      this.resuming = this.lifeline.kept !== undefined && (code !== kServerRestarts || this.lifeline.goesOn);
      if (!this.resuming) this.beginAnew();
      this.listener.onChange();
    }
    const kept = this.lifeline.kept?.resume_within_ms ?? 0;
    if (this.resuming && this.absence.lasted(now) > kept) this.beginAnew();
    const pause = this.absence.pause(now, Math.random());
    if (pause === undefined) return this.close('lost');
    this.timer = window.setTimeout(() => void this.ask(), pause);
  }

  private async ask(): Promise<void> {
    const { kind } = await askReady(this.options.ready);
    if (this.over || this.socket !== undefined) return;
    if (kind === 'ready') return this.connect();
    this.absence?.away();
    this.comeBack();
  }

  /** The call is gone: what follows is a new session. */
  private beginAnew(): void {
    this.resuming = false;
    this.configured = '';
    this.lifeline = new Lifeline();
    this.binary = false;
    this.talking = false;
    this.device?.send({ kind: 'flush' });
    this.captions.close();
    this.conversation = new Conversation(this.captions);
  }

  private receive(text: string): void {
    const event = parseServerEvent(text);
    if (event?.type === 'antiphon.heard') return this.heard(event.input_audio_ms);
    this.lifeline.took(eventIdOf(text), performance.now());
    if (event === undefined) return;
    if (event.type === 'session.created') this.opened(event.session);
    if (event.type === 'antiphon.session') {
      this.lifeline.kept = event.kept;
      if (event.resumed !== undefined) this.resumed(event.resumed);
      this.watchOver();
    }
    if (event.type === 'antiphon.restarting') this.lifeline.restarting(event.resumable);
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

  private heard(milliseconds: number): void {
    const now = performance.now();
    if (this.line === undefined) this.lifeline.heard(now);
    else this.lifeline.heardOverLine(milliseconds, this.line.roundTrip, now);
  }

  private opened(shown: SessionShown): void {
    const again = this.absence !== undefined;
    const { language, manner, pushToTalk } = this.options;
    this.turnDetection = shown.turnDetection ?? kServerVad;
    this.greeted = true;
    if (this.line === undefined) this.connected();
    else this.lineOpened();
    if (this.configured === '') {
      this.send(sessionUpdate(language, shown));
      const update = mannerUpdate(manner);
      if (update !== undefined) this.send(update);
      if (pushToTalk) this.send(turnDetectionUpdate(null));
    } else {
      const session = offeredSession(language, manner, pushToTalk);
      if (JSON.stringify(session) !== this.configured) this.send({ type: 'session.update', session });
    }
    // What was said before the server went away, for the session that takes its place.
    if (again) for (const { side, text } of lastSaid(this.captions.all(), kRetoldTurns)) this.send(messageItem(side, text));
    for (const samples of this.held) this.sendSamples(samples);
    this.held = [];
  }

  private connected(): void {
    window.clearTimeout(this.timer);
    this.absence = undefined;
    this.resuming = this.lifeline.goesOn = false;
    this.connection = 'connected';
  }

  /** The same call goes on: the server sends what we have missed, and we what it has. */
  private resumed(where: Resumed): void {
    this.connected();
    const { sound, events } = this.lifeline.missed(where);
    for (const samples of sound) this.sendSound(samples);
    for (const { id, event } of events) this.put({ ...event, event_id: id });
    if (!this.binary) this.send(binaryUpdate());
    if (!where.complete) this.listener.onNotice('The connection was lost for a moment, and with it something of the answer.');
  }

  private carryOut(effects: Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.send(effect.event);
          break;
        case 'notice':
          this.listener.onNotice(effect.text);
          break;
        case 'play':
          this.device?.send({ kind: 'audio', item: effect.item, samples: effect.samples });
          break;
        default:
          this.device?.send(effect);
      }
    }
  }

  private soundListener() {
    return {
      onFrame: (frame: CapturedFrame) => {
        const silent = this.muted || (this.options.pushToTalk && !this.talking);
        this.listener.onCallerLevel(silent ? 0 : frame.loudness);
        // A media line has a clock of its own, which goes on when the key is up.
        if (this.line !== undefined) return this.lifeline.keep(frame.samples);
        if (this.options.pushToTalk && !this.talking) return;
        if (this.connection === 'connected') this.sendSamples(frame.samples);
        else if (this.resuming) this.lifeline.keep(frame.samples);
        else this.held = [...this.held, frame.samples].slice(-kHeldFrames);
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
      case 'line':
        this.heardOnLine(message.level);
        break;
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

  /** The microphone is on, but for who has muted it, or talks over a media line only while the key is down. */
  private listenToCaller(): void {
    const keyUp = this.line !== undefined && this.options.pushToTalk && !this.talking;
    this.device?.setMuted(this.muted || keyUp);
  }

  private heardOnLine(level: number): void {
    this.listener.onAnswerLevel(level);
    const item = this.conversation.heardOnLine(this.lineClock.step(level, performance.now()));
    if (item !== undefined) this.listener.onCaption(item);
  }

  private refuseMicrophone(error: unknown): void {
    const { state, says } = microphoneTrouble(error);
    this.microphone = state;
    this.listener.onNotice(says);
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
    this.press.forget();
    this.ended.abort();
    this.line?.close();
    this.socket?.close();
    this.device?.close();
    this.captions.close();
    this.listener.onCallerLevel(0);
    this.listener.onAnswerLevel(0);
    this.listener.onChange();
  }

  private sendSamples(samples: Int16Array<ArrayBuffer>): void {
    // Of a call that is kept nothing is dropped: where this much waits, lifeline.dead() will soon say so.
    if (this.lifeline.kept === undefined && (this.socket?.unsent ?? 0) > kMostUnsent) return;
    this.lifeline.keep(samples);
    this.sendSound(samples);
  }

  private sendSound(samples: Int16Array<ArrayBuffer>): void {
    if (this.binary) this.socket?.sendSound(samples);
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
    (this.line ?? this.socket)?.send(message);
  }

  private setMicrophoneState(state: MicrophoneState): void {
    this.microphone = state;
    this.listener.onChange();
  }
}
