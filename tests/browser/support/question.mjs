// What the fake microphone says: a person's question, after silence of a chosen length, as often as wanted.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWav, writeWav } from './wav.mjs';

export const kSaid = 'ask what you can do for your country';
const kSpeech = fileURLToPath(new URL('../../golden/jfk.wav', import.meta.url));
const kSaidAt = [8.1, 10.5]; // seconds in the recording

/**
 * Writes what the microphone hears: the question, each time after so many seconds of silence, and silence at
 * the end. Without that, Chromium's fake microphone would repeat the file's last block for ever.
 */
export async function microphone(folder, name, pauses) {
  const { rate, samples } = await readWav(kSpeech);
  const question = samples.subarray(...kSaidAt.map((seconds) => Math.round(seconds * rate)));
  const silence = (seconds) => new Float32Array(Math.round(seconds * rate));
  const parts = [...pauses.flatMap((seconds) => [silence(seconds), question]), silence(2)];
  const sound = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    sound.set(part, at);
    at += part.length;
  }
  const path = join(folder, `${name}.wav`);
  await writeWav(path, sound, rate);
  return path;
}

/** The sound without the silence before and after it, but for 0.3 s. */
export function trimmed({ rate, samples }) {
  const loud = (sample) => Math.abs(sample) > 0.003;
  const margin = Math.round(rate * 0.3);
  return samples.subarray(Math.max(0, samples.findIndex(loud) - margin), samples.findLastIndex(loud) + margin);
}

/** For addInitScript: the page's connections are kept for a test to look at. */
export function keepPeers() {
  window.__peers = [];
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...settings) {
      super(...settings);
      window.__peers.push(this);
    }
  };
}

/** What the page's last connection has received. */
export function received(page) {
  return page.evaluate(async () => {
    const stats = [...(await window.__peers.at(-1).getStats()).values()];
    const { packetsReceived, packetsLost, concealedSamples, silentConcealedSamples, totalSamplesReceived } =
      stats.find(({ type }) => type === 'inbound-rtp') ?? {};
    return { packetsReceived, packetsLost, concealedSamples, silentConcealedSamples, totalSamplesReceived };
  });
}
