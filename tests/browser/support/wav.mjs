// WAV files of 16-bit mono samples, as Float32Array in [-1, 1].

import { readFile, writeFile } from 'node:fs/promises';

export async function writeWav(path, samples, rate) {
  const bytes = Buffer.alloc(44 + samples.length * 2);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + samples.length * 2, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20); // PCM
  bytes.writeUInt16LE(1, 22); // mono
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(samples.length * 2, 40);
  samples.forEach((sample, i) => bytes.writeInt16LE(toInt16(sample), 44 + 2 * i));
  await writeFile(path, bytes);
}

export async function readWav(path) {
  const bytes = await readFile(path);
  let rate = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    if (name === 'fmt ') {
      rate = bytes.readUInt32LE(at + 12);
      if (bytes.readUInt16LE(at + 10) !== 1 || bytes.readUInt16LE(at + 22) !== 16) break;
    }
    if (name === 'data') {
      const data = bytes.subarray(at + 8, Math.min(bytes.length, at + 8 + size));
      return { rate, samples: fromPcm(data) };
    }
    at += 8 + size + (size % 2);
  }
  throw new Error(`${path} is not a WAV file of 16-bit mono samples`);
}

/** Little-endian 16-bit bytes, as they travel on the wire. */
export function toPcm(samples) {
  const bytes = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, i) => bytes.writeInt16LE(toInt16(sample), 2 * i));
  return bytes;
}

export function fromPcm(bytes) {
  return Float32Array.from({ length: Math.floor(bytes.length / 2) }, (_, i) => bytes.readInt16LE(2 * i) / 32768);
}

export function tone(rate, hertz, seconds, amplitude = 0.5) {
  const at = (i) => amplitude * Math.sin((2 * Math.PI * hertz * i) / rate);
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, i) => at(i));
}

/** The amplitude of one frequency in the samples (Goertzel's sum, written out). */
export function amplitudeAt(samples, rate, hertz) {
  let real = 0;
  let imaginary = 0;
  samples.forEach((sample, i) => {
    real += sample * Math.cos((2 * Math.PI * hertz * i) / rate);
    imaginary += sample * Math.sin((2 * Math.PI * hertz * i) / rate);
  });
  return (2 * Math.hypot(real, imaginary)) / samples.length;
}

function toInt16(sample) {
  return Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
}
