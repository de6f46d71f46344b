// Runs in the audio thread: plays the answers and counts what was played. What a media line brings goes through it.

import { kWireRate, loudness, toFloat } from '../pcm.ts';
import { PlayoutQueue } from '../playout_queue.ts';
import { Resampler } from '../resampler.ts';
import { kPlayoutProcessor, type FromPlayout, type PlayoutOptions, type ToPlayout } from './messages.ts';
import { scope } from './scope.ts';

const kRecordedBlock = 2400;
const kProgressPerSecond = 30;

class PlayoutProcessor extends scope.AudioWorkletProcessor {
  private readonly queue = new PlayoutQueue(scope.sampleRate);
  private resampler = new Resampler(kWireRate, scope.sampleRate);
  private item = ''; // whose sound is in the resampler
  private readonly recorded: Float32Array | undefined;
  private recordedCount = 0;
  private sinceProgress = 0; // samples
  private loudest = 0;
  private wasSounding = false;
  private sinceLine = 0; // samples
  private loudestLine = 0;

  constructor({ processorOptions }: { processorOptions: PlayoutOptions }) {
    super();
    if (processorOptions.record) this.recorded = new Float32Array(kRecordedBlock);
    this.port.onmessage = (message: MessageEvent<ToPlayout>) => this.take(message.data);
  }

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const block = outputs[0]?.[0];
    if (block === undefined) return true;
    const items = this.queue.pull(block);
    if (items.length > 0) this.send({ kind: 'ended', items });
    this.tell(block);
    const line = inputs[0]?.[0];
    if (line !== undefined) this.join(line, block);
    if (this.recorded !== undefined) this.record(this.recorded, block);
    return true;
  }

  private join(line: Float32Array, block: Float32Array): void {
    for (let i = 0; i < block.length; i++) block[i] = (block[i] as number) + (line[i] as number);
    this.sinceLine += line.length;
    this.loudestLine = Math.max(this.loudestLine, loudness(line));
    if (this.sinceLine < scope.sampleRate / kProgressPerSecond) return;
    this.send({ kind: 'line', level: this.loudestLine });
    this.sinceLine = 0;
    this.loudestLine = 0;
  }

  private tell(block: Float32Array): void {
    const sounding = this.queue.sounding;
    this.sinceProgress += block.length;
    this.loudest = Math.max(this.loudest, loudness(block));
    if (!sounding && !this.wasSounding) return;
    if (sounding && this.sinceProgress < scope.sampleRate / kProgressPerSecond) return;
    const [position] = this.queue.positions();
    this.send({
      kind: 'progress',
      level: sounding ? this.loudest : 0,
      item: position?.item ?? '',
      played: position?.played ?? 0,
      rate: scope.sampleRate,
    });
    this.wasSounding = sounding;
    this.sinceProgress = 0;
    this.loudest = 0;
  }

  private take(message: ToPlayout): void {
    switch (message.kind) {
      case 'audio':
        if (message.item !== this.item) this.begin(message.item);
        this.queue.push(message.item, this.resampler.process(toFloat(message.samples)));
        break;
      case 'finish':
        if (message.item === this.item) this.begin('');
        this.queue.finish(message.item);
        break;
      case 'flush':
        this.item = '';
        this.resampler = new Resampler(kWireRate, scope.sampleRate);
        this.send({ kind: 'flushed', positions: this.queue.flush(), rate: scope.sampleRate });
        break;
    }
  }

  private begin(item: string): void {
    if (this.item !== '') this.queue.push(this.item, this.resampler.finish());
    this.item = item;
    this.resampler = new Resampler(kWireRate, scope.sampleRate);
  }

  private record(recorded: Float32Array, block: Float32Array): void {
    for (const sample of block) {
      recorded[this.recordedCount++] = sample;
      if (this.recordedCount === recorded.length) {
        this.send({ kind: 'recorded', samples: recorded.slice() });
        this.recordedCount = 0;
      }
    }
  }

  private send(message: FromPlayout): void {
    this.port.postMessage(message);
  }
}

scope.registerProcessor(kPlayoutProcessor, PlayoutProcessor);
