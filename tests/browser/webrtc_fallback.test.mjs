// The call page on networks that let no UDP through, from the start or from the midst of a call: the same conversation
// goes on over the WebSocket. The network is real: namespaces, and what joins them drops.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { BadNetwork } from './support/bad_network.mjs';
import { captions, keepTexts, kChromium, openPage, playedSound, screenshot, startBrowser, waitForShown, waitForText } from './support/browser.mjs';
import { examine } from './support/doctor.mjs';
import { keepPeers, kSaid, microphone, trimmed } from './support/question.mjs';
import { RealServer, wordErrorRate } from './support/real_server.mjs';
import { writeWav } from './support/wav.mjs';

const kTimeout = 60_000;

let folder;
let network;
let server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antiphon-fallback-'));
  network = await BadNetwork.start();
  if (network.reason !== undefined) return;
  const settings = [`webrtc.bind_address=${network.address}`, 'webrtc.ports=10000', 'language_model.max_tokens=24'];
  server = await RealServer.start(settings, 0, network);
});

after(async () => {
  await server?.stop();
  await network?.stop?.();
  await rm(folder, { recursive: true, force: true });
});

async function withPage(pauses, query, use) {
  const executable = await network.program(folder, kChromium);
  const heard = await microphone(folder, 'microphone', pauses);
  const browser = await startBrowser({ microphone: heard, executable, secure: [server.origin] });
  try {
    const { page, errors } = await openPage(browser, `${server.origin}/call?${query}`, { record: true, script: keepPeers });
    if (query !== 'doctor') await waitForText(page, '#server', 'Server: ready');
    for (const shown of ['#notice', '#connection', '#way']) await keepTexts(page, shown);
    await use(page, errors);
  } finally {
    await browser.close();
    await network.dropUdp(false);
  }
}

/** Waits until so many answers were given and played, and returns all captions. */
async function untilAnswered(page, count) {
  await page.waitForFunction(
    (wanted) => {
      const panel = document.querySelector('antiphon-call').shadowRoot;
      const done = panel.querySelectorAll('#captions li.assistant.final').length >= wanted;
      return done && panel.querySelector('#activity').textContent === 'Listening';
    },
    count,
    { timeout: kTimeout },
  );
  return captions(page);
}

/** What the server's recognizer hears in what was played. */
async function transcribed(played) {
  const path = join(folder, 'played.wav');
  await writeWav(path, trimmed(played), played.rate);
  const form = ['-F', `file=@${path}`, '-F', 'model=whisper-1', `${server.origin}/v1/audio/transcriptions`];
  const { stdout } = await promisify(execFile)(...network.command('client', ['curl', '--silent', '--fail', ...form]));
  return JSON.parse(stdout).text;
}

test('no UDP from the start: the first words are heard over the WebSocket, once', async (t) => {
  if (server === undefined) return t.skip(network.reason);
  await network.dropUdp(true);
  // The question is over before the page gives WebRTC up.
  await withPage([0.4], '', async (page, errors) => {
    const began = performance.now();
    await page.click('#call');
    await waitForText(page, '#way', 'WebSocket', kTimeout);
    t.diagnostic(`over the WebSocket after ${Math.round(performance.now() - began)} ms`);
    await waitForShown(page, '#notice', /WebRTC does not get through/);
    await screenshot(page, 'webrtc-fallback');
    const [caller, assistant, ...more] = await untilAnswered(page, 1);
    assert.ok(wordErrorRate(kSaid, caller.text) <= 0.15, caller.text);
    assert.equal(assistant.side, 'assistant');
    assert.deepEqual(more, [], 'one turn');
    assert.equal(await page.textContent('#connection'), 'Connection: connected');
    assert.deepEqual(errors, []);
  });
});

test('UDP is cut amidst a call: the next question is heard over the WebSocket, and no turn twice', async (t) => {
  if (server === undefined) return t.skip(network.reason);
  await withPage([3, 18], 'fallback_ms=30000', async (page, errors) => {
    await page.click('#call');
    await waitForText(page, '#way', 'WebRTC', kTimeout);
    await untilAnswered(page, 1);
    await network.dropUdp(true);
    await waitForText(page, '#way', 'WebSocket', kTimeout);
    await waitForShown(page, '#notice', /The WebRTC connection was lost/);
    const all = await untilAnswered(page, 2);
    assert.deepEqual(all.map(({ side }) => side), ['caller', 'assistant', 'caller', 'assistant']);
    for (const at of [0, 2]) assert.ok(wordErrorRate(kSaid, all[at].text) <= 0.15, all[at].text);
    assert.equal(await page.textContent('#connection'), 'Connection: connected');
    assert.deepEqual(errors, []);
  });
});

test('UDP is cut, and the caller speaks before anybody has noticed: the question is whole', async (t) => {
  if (server === undefined) return t.skip(network.reason);
  await withPage([3], 'fallback_ms=30000', async (page) => {
    await page.click('#call');
    await waitForText(page, '#way', 'WebRTC', kTimeout);
    await network.dropUdp(true);
    await waitForText(page, '#way', 'WebSocket', kTimeout);
    const all = await untilAnswered(page, 1);
    t.diagnostic(JSON.stringify(all));
    assert.deepEqual(all.map(({ side }) => side), ['caller', 'assistant']);
    // A moment of it may be heard twice.
    assert.ok(wordErrorRate(kSaid, all[0].text) <= 0.3, all[0].text);
  });
});

test('the whole link is cut for a while, in which the caller speaks: the call comes back, and the question is whole', async (t) => {
  if (server === undefined) return t.skip(network.reason);
  await withPage([7], 'fallback_ms=30000', async (page) => {
    await page.click('#call');
    await waitForText(page, '#way', 'WebRTC', kTimeout);
    await network.ask('cut');
    try {
      await waitForText(page, '#connection', 'Connection: reconnecting…', kTimeout);
      await new Promise((resolve) => setTimeout(resolve, 8_000)); // the time is the test's subject
    } finally {
      await network.ask('join');
    }
    await waitForText(page, '#way', 'WebSocket', kTimeout);
    const all = await untilAnswered(page, 1);
    t.diagnostic(JSON.stringify(all));
    assert.deepEqual(all.map(({ side }) => side), ['caller', 'assistant']);
    assert.ok(wordErrorRate(kSaid, all[0].text) <= 0.3, all[0].text);
  });
});

test('UDP is cut while the answer sounds: the rest of it is heard', async (t) => {
  if (server === undefined) return t.skip(network.reason);
  await withPage([3], 'fallback_ms=30000', async (page) => {
    await page.click('#call');
    await waitForText(page, '#activity', 'Speaking', kTimeout);
    await network.dropUdp(true);
    await waitForText(page, '#way', 'WebSocket', kTimeout);
    const [caller, answer, ...more] = await untilAnswered(page, 1);
    assert.equal(caller.side, 'caller');
    assert.deepEqual(more, []);
    const { samples, rate } = await playedSound(page);
    t.diagnostic(`caption: ${answer.text}; ${(trimmed({ samples, rate }).length / rate).toFixed(1)} s were played`);
    const heard = await transcribed({ samples, rate });
    t.diagnostic(`read back: ${heard}`);
    const last = answer.text.match(/\p{L}+/gu).at(-1).toLowerCase();
    assert.ok(heard.toLowerCase().includes(last), `the answer ends with "${last}"; "${heard}" was heard`);
  });
});

test('the connection doctor names it when no UDP gets through', async (t) => {
  if (server === undefined) return t.skip(network.reason);
  await network.dropUdp(true);
  await withPage([30], 'doctor', async (page) => {
    const found = await examine(page);
    t.diagnostic(JSON.stringify(found));
    assert.deepEqual(found.failed, ['webrtc.no_media']);
    assert.match(await page.textContent('#verdict'), /^Calls work, over the WebSocket/);
    await screenshot(page, 'doctor-no-udp');
  });
});
