// A call over WebRTC from a real Chromium to the real server, with a bad network between them.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { BadNetwork } from './support/bad_network.mjs';
import { kChromium, startBrowser } from './support/browser.mjs';
import { kSaid, microphone as spoken } from './support/question.mjs';
import { RealServer, wordErrorRate } from './support/real_server.mjs';

const kSilenceBefore = 6; // the call is set up meanwhile
const kTimeout = 60_000;

let folder;
let network;
let server;
let microphone;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antiphon-network-'));
  microphone = await spoken(folder, 'microphone', [kSilenceBefore]);
  network = await BadNetwork.start();
  if (network.reason !== undefined) return;
  const settings = [`webrtc.bind_address=${network.address}`, 'webrtc.ports=10000', 'language_model.max_tokens=40'];
  server = await RealServer.start(settings, 0, network);
});

after(async () => {
  await server?.stop();
  await network?.stop?.();
  await rm(folder, { recursive: true, force: true });
});

/** In the page: a call as OpenAI's JavaScript example makes it, until its first answer has been played. */
async function hold(timeout) {
  const connection = new RTCPeerConnection();
  const states = [];
  connection.onconnectionstatechange = () => states.push(connection.connectionState);
  const player = document.createElement('audio');
  player.autoplay = true;
  connection.ontrack = ({ streams }) => (player.srcObject = streams[0]);
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  connection.addTrack(stream.getTracks()[0], stream);
  const events = [];
  const channel = connection.createDataChannel('oai-events');
  const stopped = new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      events.push(event);
      if (event.type === 'output_audio_buffer.stopped') resolve();
    };
  });
  const offer = await connection.createOffer();
  await connection.setLocalDescription(offer);
  const began = performance.now();
  const headers = { 'Content-Type': 'application/sdp' };
  const answer = await fetch('/v1/realtime/calls?model=antiphon', { method: 'POST', headers, body: offer.sdp });
  const posted = performance.now() - began;
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
  await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, timeout))]);
  const stats = [...(await connection.getStats()).values()];
  const { packetsLost, packetsReceived, concealedSamples, totalSamplesReceived, jitterBufferDelay, jitterBufferEmittedCount } =
    stats.find(({ type }) => type === 'inbound-rtp');
  const sent = stats.find(({ type }) => type === 'remote-inbound-rtp');
  connection.close();
  await fetch(answer.headers.get('Location'), { method: 'DELETE' });
  return {
    posted, states, packetsLost, packetsReceived,
    concealed: concealedSamples / totalSamplesReceived,
    bufferSeconds: jitterBufferDelay / jitterBufferEmittedCount,
    reportedLost: sent?.packetsLost, roundTripSeconds: sent?.roundTripTime,
    types: events.map(({ type }) => type),
    transcripts: events.filter(({ type }) => type.endsWith('input_audio_transcription.completed')).map(({ transcript }) => transcript),
  };
}

async function call(t, settings) {
  await network.set('both', { delay_ms: 0, jitter_ms: 0, loss: 0, duplicate: 0, reorder: 0, ...settings });
  const executable = await network.program(folder, kChromium);
  const browser = await startBrowser({ microphone, executable, secure: [server.origin] });
  try {
    const page = await (await browser.newContext({ permissions: ['microphone'] })).newPage();
    await page.goto(`${server.origin}/ready`);
    const outcome = await page.evaluate(hold, kTimeout);
    const { types, ...numbers } = outcome;
    t.diagnostic(JSON.stringify(numbers));
    return outcome;
  } finally {
    await browser.close();
  }
}

function assertOneTurn({ types, transcripts, states }, errors) {
  assert.ok(types.includes('output_audio_buffer.stopped'), `no answer was played: ${types}`);
  const count = (type) => types.filter((one) => one === type).length;
  assert.equal(count('input_audio_buffer.committed'), 1);
  assert.equal(count('response.done'), 1);
  assert.ok(wordErrorRate(kSaid, transcripts.join(' ')) <= errors, `heard "${transcripts}"`);
  assert.deepEqual(states.filter((state) => !['connecting', 'connected'].includes(state)), []);
}

test('a call on a network without faults loses nothing', async (t) => {
  if (server === undefined) return t.skip(network.reason);
  const outcome = await call(t, {});
  assertOneTurn(outcome, 0.15);
  assert.equal(outcome.packetsLost, 0);
  assert.equal(outcome.reportedLost, 0);
});

test('10 % loss and 60 ms of jitter lose no turn', async (t) => {
  if (server === undefined) return t.skip(network.reason);
  const outcome = await call(t, { loss: 0.1, delay_ms: 60, jitter_ms: 60 });
  assertOneTurn(outcome, 0.4);
  assert.ok(outcome.packetsLost > 0, 'the network was as good as the other one');
  assert.ok(outcome.concealed > 0 && outcome.concealed < 0.5, `${outcome.concealed} of the sound was made up`);
  assert.ok(outcome.reportedLost > 0, 'the server reports what it has not got');
  // One report's alone: each way took 0 to 120 ms.
  assert.ok(outcome.roundTripSeconds > 0.005 && outcome.roundTripSeconds < 0.6, `${outcome.roundTripSeconds} s`);
});
