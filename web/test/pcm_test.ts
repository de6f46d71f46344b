import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decodePcm, encodePcm, loudness, meterLevel, toFloat, toInt16 } from '../src/pcm.ts';

test('samples become 16 bit, clipped, and not-a-number is silence', () => {
  const samples = toInt16(new Float32Array([0, 0.5, -0.5, 1, -1, 7, -7, NaN]));
  assert.deepEqual([...samples], [0, 16384, -16384, 32767, -32768, 32767, -32768, 0]);
});

test('the wire form is little-endian base64', () => {
  assert.equal(encodePcm(new Int16Array([1, -2])), Buffer.from([1, 0, 0xfe, 0xff]).toString('base64'));
});

test('every 16-bit value survives the wire and the way to floats and back', () => {
  const all = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);
  assert.deepEqual(decodePcm(encodePcm(all)), all);
  assert.deepEqual(toInt16(toFloat(all)), all);
});

test('garbage and half samples are refused', () => {
  assert.equal(decodePcm('***'), undefined);
  assert.equal(decodePcm(Buffer.from([1, 2, 3]).toString('base64')), undefined);
  assert.deepEqual(decodePcm(''), new Int16Array(0));
});

test('loudness is the root mean square, and the meter spans -60 to -6 dB', () => {
  assert.ok(Math.abs(loudness(new Float32Array([0.5, -0.5, 0.5, -0.5])) - 0.5) < 1e-6);
  assert.equal(loudness(new Float32Array(0)), 0);
  assert.equal(meterLevel(0), 0);
  assert.equal(meterLevel(1), 1);
  assert.ok(Math.abs(meterLevel(10 ** (-33 / 20)) - 0.5) < 1e-6);
});
