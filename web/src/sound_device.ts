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

/** Asks for the microphone. Rejects with the browser's DOMException. */
export function openMicrophone(): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
}

export class SoundDevice {
  private constructor(
    private readonly stream: MediaStream,
    private readonly context: AudioContext,
    private readonly playout: AudioWorkletNode,
  ) {}

  /** Takes over the stream and stops it with close(), also when this fails. */
  static async open(stream: MediaStream, listener: SoundListener, options: PlayoutOptions): Promise<SoundDevice> {
    let context: AudioContext | undefined;
    try {
      const [joined, microphone] = join(stream);
      context = joined;
      await Promise.all([addModule(context, captureSource), addModule(context, playoutSource)]);
      const capture = new AudioWorkletNode(context, kCaptureProcessor, { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
      capture.port.onmessage = (message: MessageEvent<CapturedFrame>) => listener.onFrame(message.data);
      microphone.connect(capture);
      const playout = new AudioWorkletNode(context, kPlayoutProcessor, {
        numberOfInputs: 0,
        outputChannelCount: [1],
        processorOptions: options,
      });
      playout.port.onmessage = (message: MessageEvent<FromPlayout>) => listener.onPlayout(message.data);
      playout.connect(context.destination);
      for (const track of stream.getTracks()) track.onended = () => listener.onMicrophoneEnded();
      await context.resume();
      return new SoundDevice(stream, context, playout);
    } catch (error) {
      stopTracks(stream);
      void context?.close();
      throw error;
    }
  }

  send(message: ToPlayout): void {
    this.playout.port.postMessage(message);
  }

  get sampleRate(): number {
    return this.context.sampleRate;
  }

  close(): void {
    stopTracks(this.stream);
    void this.context.close();
  }
}

function join(stream: MediaStream): [AudioContext, MediaStreamAudioSourceNode] {
  const context = new AudioContext({ sampleRate: kWireRate, latencyHint: 'interactive' });
  try {
    return [context, context.createMediaStreamSource(stream)];
  } catch {
    void context.close();
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

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}
