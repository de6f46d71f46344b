// The microphone and the loudspeaker of one call, over one AudioContext.
//
// It asks for a context at the wire's rate, so that the browser resamples; where the microphone can't be
// joined to such a context (Firefox), it takes the device's own rate and the worklets resample.

import captureSource from 'inline:worklets/capture_worklet.ts';
import playoutSource from 'inline:worklets/playout_worklet.ts';

import { kWireRate } from './pcm.ts';
import {
  kCaptureProcessor,
  kPlayoutProcessor,
  type CapturedFrame,
  type FromPlayout,
  type PlayoutOptions,
  type ToPlayout,
} from './worklets/messages.ts';

export interface SoundListener {
  onFrame(frame: CapturedFrame): void;
  onPlayout(message: FromPlayout): void;
  /** The microphone is gone (unplugged, or taken back by the user). */
  onMicrophoneEnded(): void;
}

/** Which devices, by the browser's ids, and how loud; an empty id is the browser's choice. */
export interface SoundOptions extends PlayoutOptions {
  input: string;
  output: string;
  volume: number;
}

type SinkElement = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };
type SinkContext = AudioContext & { setSinkId?: (id: string) => Promise<void> };

/** Whether the browser lets a page choose the loudspeaker. */
export function canChooseOutput(): boolean {
  return typeof AudioContext !== 'undefined' && 'setSinkId' in AudioContext.prototype;
}

/** Asks for the microphone. Rejects with the browser's DOMException. */
export async function openMicrophone(input: string): Promise<MediaStream> {
  const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  if (input === '') return navigator.mediaDevices.getUserMedia({ audio });
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { ...audio, deviceId: { exact: input } } });
  } catch (error) {
    // The chosen one is not there any more: any is better than none.
    if (!(error instanceof DOMException) || !['OverconstrainedError', 'NotFoundError'].includes(error.name)) throw error;
    return navigator.mediaDevices.getUserMedia({ audio });
  }
}

/** Made and woken inside the click that starts a call: a context made later may stay silent. */
export function unlockedContext(): AudioContext {
  const context = new AudioContext({ sampleRate: kWireRate, latencyHint: 'interactive' });
  void context.resume();
  return context;
}

export class SoundDevice {
  private line: { player: HTMLAudioElement; source: MediaStreamAudioSourceNode | undefined } | undefined;
  private volume = 1;
  private output = '';

  private constructor(
    private readonly listener: SoundListener,
    private readonly context: AudioContext,
    private readonly capture: AudioWorkletNode,
    private readonly playout: AudioWorkletNode,
    private readonly gain: GainNode,
    private stream: MediaStream,
    private source: MediaStreamAudioSourceNode,
  ) {
    this.watchTracks();
  }

  /** Takes over the stream and the context, and ends both with close(), also when this fails. */
  static async open(
    unlocked: AudioContext,
    stream: MediaStream,
    listener: SoundListener,
    options: SoundOptions,
  ): Promise<SoundDevice> {
    let context = unlocked;
    try {
      const [joined, source] = join(unlocked, stream);
      context = joined;
      await Promise.all([addModule(context, captureSource), addModule(context, playoutSource)]);
      const capture = new AudioWorkletNode(context, kCaptureProcessor, { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
      capture.port.onmessage = (message: MessageEvent<CapturedFrame>) => listener.onFrame(message.data);
      source.connect(capture);
      const playout = new AudioWorkletNode(context, kPlayoutProcessor, {
        outputChannelCount: [1],
        channelCount: 1,
        channelCountMode: 'explicit',
        processorOptions: { record: options.record },
      });
      playout.port.onmessage = (message: MessageEvent<FromPlayout>) => listener.onPlayout(message.data);
      const gain = new GainNode(context, { gain: options.volume });
      playout.connect(gain).connect(context.destination);
      await context.resume();
      const device = new SoundDevice(listener, context, capture, playout, gain, stream, source);
      device.volume = options.volume;
      if (options.output !== '') await device.setOutput(options.output);
      return device;
    } catch (error) {
      stopTracks(stream);
      close(context);
      throw error;
    }
  }

  send(message: ToPlayout): void {
    this.playout.port.postMessage(message);
  }

  /** The microphone, for a media line; setMicrophone() makes it another one. */
  get microphone(): MediaStream {
    return this.stream;
  }

  /** What a media line brings is played as the answers are; undefined: no more. */
  setLine(stream: MediaStream | undefined): void {
    this.line?.source?.disconnect();
    if (this.line !== undefined) this.line.player.srcObject = null;
    this.line = undefined;
    if (stream === undefined) return;
    // Chromium lets the sound of a connection flow only once an element plays it, be it muted.
    const player = new Audio();
    player.srcObject = stream;
    player.muted = true;
    let source: MediaStreamAudioSourceNode | undefined;
    try {
      source = this.context.createMediaStreamSource(stream);
      source.connect(this.playout);
    } catch {
      // The browser cannot join it to a context of this rate: the element plays it.
      player.muted = false;
      player.volume = this.volume;
      void (player as SinkElement).setSinkId?.(this.output).catch(() => undefined);
    }
    void player.play().catch(() => undefined);
    this.line = { player, source };
  }

  get sampleRate(): number {
    return this.context.sampleRate;
  }

  /** Milliseconds from the playout to the ear, as far as the browser tells. */
  get outputDelay(): number {
    return ((this.context.outputLatency || 0) + (this.context.baseLatency || 0)) * 1000;
  }

  setVolume(volume: number): void {
    this.volume = volume;
    if (this.line !== undefined) this.line.player.volume = volume;
    this.gain.gain.setTargetAtTime(volume, this.context.currentTime, 0.02);
  }

  setMuted(muted: boolean): void {
    for (const track of this.stream.getAudioTracks()) track.enabled = !muted;
  }

  /** Another microphone. Takes the stream over; throws, and leaves the old one, when it can't be joined. */
  setMicrophone(stream: MediaStream): void {
    const muted = this.stream.getAudioTracks().some((track) => !track.enabled);
    let source: MediaStreamAudioSourceNode;
    try {
      source = this.context.createMediaStreamSource(stream);
    } catch (error) {
      stopTracks(stream);
      throw error;
    }
    this.source.disconnect();
    stopTracks(this.stream);
    source.connect(this.capture);
    this.source = source;
    this.stream = stream;
    this.setMuted(muted);
    this.watchTracks();
  }

  /** A loudspeaker that is not there (any more) changes nothing. */
  async setOutput(id: string): Promise<void> {
    this.output = id;
    if (this.line?.source === undefined) void (this.line?.player as SinkElement | undefined)?.setSinkId?.(id).catch(() => undefined);
    await (this.context as SinkContext).setSinkId?.(id).catch(() => undefined);
  }

  /** Goes on after the system took the sound away for a while, as telephones do. */
  wake(): void {
    if (this.context.state !== 'running' && this.context.state !== 'closed') void this.context.resume();
  }

  close(): void {
    this.setLine(undefined);
    stopTracks(this.stream);
    close(this.context);
  }

  private watchTracks(): void {
    for (const track of this.stream.getTracks()) track.onended = () => this.listener.onMicrophoneEnded();
  }
}

function join(unlocked: AudioContext, stream: MediaStream): [AudioContext, MediaStreamAudioSourceNode] {
  try {
    return [unlocked, unlocked.createMediaStreamSource(stream)];
  } catch {
    close(unlocked);
    const native = new AudioContext({ latencyHint: 'interactive' });
    return [native, native.createMediaStreamSource(stream)];
  }
}

async function addModule(context: AudioContext, source: string): Promise<void> {
  const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  try {
    await context.audioWorklet.addModule(address);
  } catch {
    // Chromium loads no worklet from a Blob of a page that was opened from disk, but takes a data address.
    await context.audioWorklet.addModule(`data:text/javascript,${encodeURIComponent(source)}`);
  } finally {
    URL.revokeObjectURL(address);
  }
}

export function close(context: AudioContext): void {
  if (context.state !== 'closed') void context.close();
}

export function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}
