// One call, from the microphone's permission to hanging up.
//
// It joins the sound device, the socket and the conversation. Each step that waits checks afterwards
// whether the call was ended meanwhile.

import { Conversation, type Effect } from './conversation.ts';
import { languageUpdate, parseServerEvent, sessionUpdate, type ClientEvent, type TurnTimes } from './events.ts';
import { decodePcm, encodePcm } from './pcm.ts';
import { openMicrophone, SoundDevice } from './sound_device.ts';
import type { CapturedFrame, FromPlayout } from './worklets/messages.ts';

export type MicrophoneState = 'off' | 'asking…' | 'live' | 'blocked' | 'not found' | 'busy' | 'lost' | 'unavailable';
export type ConnectionState = 'idle' | 'connecting…' | 'connected' | 'ended' | 'failed' | 'lost';

export interface CallOptions {
  realtime: string;
  language: string;
  /** What the playout played is handed to onRecorded, for tests that listen to the page. */
  record: boolean;
}

export interface CallListener {
  onChange(): void;
  onLevel(loudness: number): void;
  onTimes(turn: TurnTimes): void;
  onNotice(text: string): void;
  onRecorded(samples: Float32Array, rate: number): void;
}

const kConnectTimeout = 10_000;
const kHeldFrames = 50; // one second of the microphone is kept until the session is open
const kMostUnsent = 512 * 1024; // bytes; beyond it the network is too slow, and frames are dropped

export class Call {
  readonly conversation = new Conversation();
  microphone: MicrophoneState = 'off';
  connection: ConnectionState = 'idle';
  private device: SoundDevice | undefined;
  private socket: WebSocket | undefined;
  private held: CapturedFrame[] = [];
  private over = false;
  private connectTimer: number | undefined;

  constructor(
    private readonly options: CallOptions,
    private readonly listener: CallListener,
  ) {}

  get active(): boolean {
    return !this.over;
  }

  async start(): Promise<void> {
    this.setMicrophone('asking…');
    try {
      const stream = await openMicrophone();
      if (this.over) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      const device = await SoundDevice.open(stream, this.soundListener(), { record: this.options.record });
      if (this.over) {
        device.close();
        return;
      }
      this.device = device;
    } catch (error) {
      if (!this.over) this.refuseMicrophone(error);
      return;
    }
    this.setMicrophone('live');
    this.connect();
  }

  /** Hangs up. */
  end(): void {
    if (this.over) return;
    const connected = this.connection === 'connected' || this.connection === 'connecting…';
    this.close(connected ? 'ended' : this.connection);
  }

  setLanguage(language: string): void {
    this.options.language = language;
    if (this.connection === 'connected') this.send(languageUpdate(language));
  }

  private connect(): void {
    this.connection = 'connecting…';
    this.listener.onChange();
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.options.realtime, ['realtime']);
    } catch {
      this.close('failed');
      return;
    }
    this.socket = socket;
    this.connectTimer = window.setTimeout(() => this.close('failed'), kConnectTimeout);
    socket.onmessage = (message: MessageEvent<unknown>) => {
      if (typeof message.data === 'string') this.receive(message.data);
    };
    socket.onclose = (event) => {
      const wasConnected = this.connection === 'connected';
      if (event.reason !== '') this.listener.onNotice(event.reason);
      this.close(wasConnected ? 'lost' : 'failed');
    };
  }

  private receive(text: string): void {
    const event = parseServerEvent(text);
    if (event === undefined) return;
    if (event.type === 'session.created') {
      window.clearTimeout(this.connectTimer);
      this.connection = 'connected';
      this.send(sessionUpdate(this.options.language));
      for (const frame of this.held) this.sendFrame(frame);
      this.held = [];
    }
    const before = this.conversation.activity;
    this.carryOut(this.conversation.step(event));
    // Fifty pieces of sound come each second, and but for the first of an answer they change no label.
    if (event.type !== 'response.output_audio.delta' || this.conversation.activity !== before) this.listener.onChange();
  }

  private carryOut(effects: Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.send(effect.event);
          break;
        case 'play': {
          const samples = decodePcm(effect.audio);
          if (samples !== undefined) this.device?.send({ kind: 'audio', item: effect.item, samples });
          break;
        }
        case 'finish':
          this.device?.send({ kind: 'finish', item: effect.item });
          break;
        case 'flush':
          this.device?.send({ kind: 'flush' });
          break;
        case 'times':
          this.listener.onTimes(effect.turn);
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
        this.listener.onLevel(frame.loudness);
        if (this.connection === 'connected') this.sendFrame(frame);
        else this.held = [...this.held, frame].slice(-kHeldFrames);
      },
      onPlayout: (message: FromPlayout) => this.heardFromPlayout(message),
      onMicrophoneEnded: () => {
        this.listener.onNotice('The microphone is gone. End the call, plug it in, and start again.');
        this.setMicrophone('lost');
      },
    };
  }

  private heardFromPlayout(message: FromPlayout): void {
    switch (message.kind) {
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
    window.clearTimeout(this.connectTimer);
    this.connection = connection;
    if (this.microphone === 'live' || this.microphone === 'asking…') this.microphone = 'off';
    if (this.socket !== undefined) {
      this.socket.onmessage = null;
      this.socket.onclose = null;
      this.socket.close(1000);
    }
    this.device?.close();
    this.conversation.captions.close();
    this.listener.onLevel(0);
    this.listener.onChange();
  }

  private sendFrame(frame: CapturedFrame): void {
    if ((this.socket?.bufferedAmount ?? 0) > kMostUnsent) return;
    this.send({ type: 'input_audio_buffer.append', audio: encodePcm(frame.samples) });
  }

  private send(event: ClientEvent): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(event));
  }

  private setMicrophone(state: MicrophoneState): void {
    this.microphone = state;
    this.listener.onChange();
  }
}
