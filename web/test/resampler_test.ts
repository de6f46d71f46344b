import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Resampler } from '../src/resampler.ts';

function tone(rate: number, hertz: number, seconds: number): Float32Array {
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));
}

function resample(from: number, to: number, input: Float32Array, block: number): Float32Array {
  const resampler = new Resampler(from, to);
  const out: number[] = [];
  for (let i = 0; i < input.length; i += block) out.push(...resampler.process(input.subarray(i, i + block)));
  out.push(...resampler.finish());
  return Float32Array.from(out);
}

function decibels(samples: Float32Array): number {
  return 10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length + 1e-12);
}

for (const [from, to] of [[48000, 24000], [44100, 24000], [24000, 48000], [24000, 44100], [96000, 24000], [16000, 24000]] as const) {
  test(`${from} to ${to}: a tone keeps its time, pitch and level`, () => {
    const out = resample(from, to, tone(from, 1000, 0.5), 128);
    assert.equal(out.length, to / 2);
    const wanted = tone(to, 1000, 0.5);
    const edge = Math.round(to * 0.02);
    const error = out.map((sample, i) => sample - (wanted[i] ?? 0)).subarray(edge, out.length - edge);
    assert.ok(decibels(error) < -60, `error ${decibels(error).toFixed(1)} dB`);
  });
}

test('what the lower rate cannot carry is gone, not folded down', () => {
  const out = resample(48000, 24000, tone(48000, 15000, 0.5), 128);
  assert.ok(decibels(out.subarray(480, out.length - 480)) < -70);
});

test('raising the rate makes no images', () => {
  // A 10 kHz tone's image at 14 kHz would show as an error against the true tone.
  const out = resample(24000, 48000, tone(24000, 10000, 0.5), 960);
  const wanted = tone(48000, 10000, 0.5);
  const error = out.map((sample, i) => sample - (wanted[i] ?? 0)).subarray(960, out.length - 960);
  assert.ok(decibels(error) < -55, `error ${decibels(error).toFixed(1)} dB`);
});

test('the size of the blocks changes nothing', () => {
  const input = tone(44100, 440, 0.2);
  const whole = resample(44100, 24000, input, input.length);
  assert.deepEqual(resample(44100, 24000, input, 128), whole);
  assert.deepEqual(resample(44100, 24000, input, 1), whole);
});

test('equal rates pass through', () => {
  const input = tone(24000, 440, 0.1);
  assert.deepEqual(resample(24000, 24000, input, 128), input);
});
