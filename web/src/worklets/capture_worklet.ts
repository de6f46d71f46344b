// Runs in the audio thread: the microphone's blocks become 20 ms frames at the wire's rate.

import { kWireRate, loudness, toInt16 } from '../pcm.ts';
import { Resampler } from '../resampler.ts';
import { kCaptureProcessor, type CapturedFrame } from './messages.ts';
import { scope } from './scope.ts';

const kFrame = kWireRate / 50;

class CaptureProcessor extends scope.AudioWorkletProcessor {
  private readonly resampler = new Resampler(scope.sampleRate, kWireRate);
  private readonly frame = new Float32Array(kFrame);
  private filled = 0;

  process(inputs: Float32Array[][]): boolean {
    const block = inputs[0]?.[0];
    if (block === undefined) return true; // the microphone is not connected yet
    let rest = this.resampler.process(block);
    while (rest.length > 0) {
      const part = rest.subarray(0, kFrame - this.filled);
      this.frame.set(part, this.filled);
      this.filled += part.length;
      rest = rest.subarray(part.length);
      if (this.filled === kFrame) this.send();
    }
    return true;
  }

  private send(): void {
    const samples = toInt16(this.frame) as Int16Array<ArrayBuffer>;
    const message: CapturedFrame = { samples, loudness: loudness(this.frame) };
    this.port.postMessage(message, [samples.buffer]);
    this.filled = 0;
  }
}

scope.registerProcessor(kCaptureProcessor, CaptureProcessor);
