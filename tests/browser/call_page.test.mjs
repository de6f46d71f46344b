// The call page in a real Chromium against a fake server, which says what each test wants to see.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { captions, openPage, playedSound, screenshot, startBrowser, waitForText } from './support/browser.mjs';
import { FakeServer } from './support/fake_server.mjs';
import { amplitudeAt, tone, writeWav } from './support/wav.mjs';

const kMicrophoneTone = 1000;
const kInsecureHost = 'antiphon.test';
const kAnswer = { response_id: 'resp_1', item_id: 'item_a1', output_index: 0, content_index: 0 };

let folder;
let browser;
let server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antiphon-page-'));
  const microphone = join(folder, 'tone.wav');
  await writeWav(microphone, tone(48000, kMicrophoneTone, 20), 48000);
  browser = await startBrowser({ microphone, hosts: [kInsecureHost] });
});

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  server = await FakeServer.start();
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await server.stop();
});

async function startCall(options) {
  const opened = await openPage(browser, `${server.origin}/call`, options);
  await waitForText(opened.page, '#server', 'Server: ready');
  await opened.page.click('text="Start Call"');
  await waitForText(opened.page, '#connection', 'Connection: connected');
  return opened;
}

/** The caller asks, and the answer's words come; its sound is the test's. */
async function askAndAnswer(page) {
  server.send({ type: 'input_audio_buffer.speech_started', item_id: 'item_u1', audio_start_ms: 100 });
  await waitForText(page, '#activity', 'Hearing you');
  server.send({ type: 'input_audio_buffer.speech_stopped', item_id: 'item_u1', audio_end_ms: 1100 });
  server.send({ type: 'input_audio_buffer.committed', item_id: 'item_u1', previous_item_id: null });
  await waitForText(page, '#activity', 'Thinking');
  const caller = { item_id: 'item_u1', content_index: 0 };
  server.send({ type: 'conversation.item.input_audio_transcription.delta', ...caller, delta: 'Tell me about' });
  await waitForText(page, '#captions li.caller.live .text', 'Tell me about');
  const transcript = 'Tell me about the choir.';
  server.send({ type: 'conversation.item.input_audio_transcription.completed', ...caller, transcript });
  server.send({ type: 'response.created', response: { id: 'resp_1', status: 'in_progress', output: [] } });
  for (const delta of ['Two groups of singers', ' answer each other,', ' verse by verse.']) {
    server.send({ type: 'response.output_audio_transcript.delta', ...kAnswer, delta });
  }
  await waitForText(page, '#captions li.assistant .text', /verse by verse\.$/);
}

/** Where the recorded sound begins and ends, in samples; what is quieter than -50 dB is silence. */
function soundingSpan(samples) {
  const loud = (sample) => Math.abs(sample) > 0.003;
  return { begin: samples.findIndex(loud), end: samples.findLastIndex(loud) + 1 };
}

test('the page waits for the models, shows its own address, and asks nobody else for anything', async () => {
  server.ready = false;
  const { page, requests, errors } = await openPage(browser, `${server.origin}/call`);
  await waitForText(page, '#server', 'Server: loading...');
  assert.equal(await page.textContent('#mic'), 'Mic: off');
  assert.equal(await page.textContent('#connection'), 'Connection: idle');
  assert.equal(await page.inputValue('#backend'), server.origin);
  assert.equal(await page.title(), 'Antiphon');
  await screenshot(page, 'loading-light');
  server.ready = true;
  await waitForText(page, '#server', 'Server: ready');
  assert.equal(await page.$eval('#mode', (mode) => mode.value), 'websocket');
  assert.equal(await page.$eval('#mode option[value=webrtc]', (option) => option.disabled), true);
  const foreign = requests.filter((url) => !url.startsWith(server.origin) && !/^(blob|data):/.test(url));
  assert.deepEqual(foreign, []);
  assert.deepEqual(errors, []);
});

test('a call: the language is sent, the microphone streams, both captions and the times are shown', async () => {
  const { page, requests, errors } = await openPage(browser, `${server.origin}/call`, { record: true });
  await page.selectOption('#language', 'sv');
  await page.click('text="Start Call"');
  await waitForText(page, '#connection', 'Connection: connected');
  await waitForText(page, '#mic', 'Mic: live');
  assert.equal(server.protocol, 'realtime');
  const update = await server.event('session.update');
  assert.equal(update.session.type, 'realtime');
  assert.equal(update.session.audio.input.transcription.language, 'sv');
  assert.deepEqual(update.session.audio.input.format, { type: 'audio/pcm', rate: 24000 });

  const heard = (await server.microphoneSound(1)).subarray(-12000);
  assert.ok(server.microphone.every((frame) => frame.length === 960), 'frames are 20 ms');
  const level = amplitudeAt(heard, 24000, kMicrophoneTone);
  assert.ok(level > 0.05, `the microphone's tone arrives at its pitch (amplitude ${level.toFixed(3)})`);
  await page.waitForFunction(() => Number(document.querySelector('#level').getAttribute('aria-valuenow')) > 20);

  await askAndAnswer(page);
  server.startSpeaking(kAnswer, tone(24000, 440, 1));
  await waitForText(page, '#activity', 'Speaking');
  const transcript = 'Two groups of singers answer each other, verse by verse.';
  server.send({ type: 'response.output_audio_transcript.done', ...kAnswer, transcript });
  server.send({
    type: 'antiphon.turn', response_id: 'resp_1', speculated: true, transcript_seconds: 0.21,
    first_token_seconds: 0.3, first_clause_seconds: 0.35, first_sound_seconds: 0.42, turn_end_seconds: 0.5,
    first_audio_seconds: 0.512,
  });
  await waitForText(page, '#times', /^Last answer after 512 ms \(transcript 210 ms.*begun early\)$/);
  await waitForText(page, '#activity', 'Listening');
  server.send({ type: 'response.done', response: { id: 'resp_1', status: 'completed', output: [] } });
  assert.deepEqual(await captions(page), [
    { side: 'caller', state: 'final', text: 'Tell me about the choir.', unheard: '' },
    { side: 'assistant', state: 'final', text: transcript, unheard: '' },
  ]);

  await page.waitForTimeout(200); // the last block of the recording
  const { rate, samples } = await playedSound(page);
  const { begin, end } = soundingSpan(samples);
  assert.ok(Math.abs((end - begin) / rate - 1) < 0.02, `one second was played, in ${(end - begin) / rate} s`);
  assert.ok(Math.abs(amplitudeAt(samples.subarray(begin, end), rate, 440) - 0.5) < 0.02, 'whole and without gaps');

  await page.selectOption('#language', '');
  await page.click('text="End Call"');
  await waitForText(page, '#connection', 'Connection: ended');
  await waitForText(page, '#mic', 'Mic: off');
  assert.equal(await page.textContent('#call'), 'Start Call');
  assert.equal(server.received.filter((event) => event.type === 'session.update').length, 2);
  assert.ok(requests.every((url) => url.startsWith(server.origin) || /^(blob|data):/.test(url)));
  assert.deepEqual(errors, []);
});

test('the caller cuts in: the sound stops, and the server learns where', async () => {
  const { page } = await startCall({ record: true });
  await askAndAnswer(page);
  const stop = server.startSpeaking(kAnswer, tone(24000, 440, 5));
  await waitForText(page, '#activity', 'Speaking');
  await page.waitForTimeout(600);
  server.send({ type: 'input_audio_buffer.speech_started', item_id: 'item_u2', audio_start_ms: 3000 });
  const truncate = await server.event('conversation.item.truncate', 500);
  stop();
  // What was on its way must not be played either.
  server.send({ type: 'response.output_audio.delta', ...kAnswer, delta: Buffer.alloc(48000, 0x20).toString('base64') });
  const cancelled = { id: 'resp_1', status: 'cancelled', status_details: { type: 'cancelled', reason: 'turn_detected' } };
  server.send({ type: 'response.done', response: cancelled });
  server.send({ type: 'conversation.item.truncated', item_id: 'item_a1', content_index: 0, audio_end_ms: truncate.audio_end_ms });
  assert.equal((await server.event('conversation.item.retrieve')).item_id, 'item_a1');
  server.send({
    type: 'conversation.item.retrieved',
    item: { id: 'item_a1', type: 'message', role: 'assistant', content: [{ type: 'output_audio', transcript: 'Two groups of singers' }] },
  });
  await waitForText(page, '.caption.interrupted .unheard', 'answer each other, verse by verse.');
  assert.deepEqual((await captions(page))[1], {
    side: 'assistant',
    state: 'interrupted',
    text: 'Two groups of singers answer each other, verse by verse.',
    unheard: 'answer each other, verse by verse.',
  });
  await screenshot(page, 'interrupted-light');

  assert.equal(truncate.item_id, 'item_a1');
  assert.equal(truncate.content_index, 0);
  assert.ok(Number.isInteger(truncate.audio_end_ms));
  await page.waitForTimeout(300);
  const { rate, samples } = await playedSound(page);
  const { begin, end } = soundingSpan(samples);
  const played = ((end - begin) * 1000) / rate;
  assert.ok(Math.abs(played - truncate.audio_end_ms) < 10, `${played} ms were played, ${truncate.audio_end_ms} were told`);
  const step = (i) => Math.abs(samples[i] - samples[i - 1]);
  const largest = Math.max(...Array.from({ length: 480 }, (_, i) => step(end - 240 + i)));
  assert.ok(largest < 0.07, `it fades, without a click (largest step ${largest})`); // the tone's own steps: 0.058
});

test('where the audio context must run at the device\'s rate, the page resamples', async () => {
  // What Firefox does when the context's rate is not the microphone's.
  const script = () => {
    const join = AudioContext.prototype.createMediaStreamSource;
    AudioContext.prototype.createMediaStreamSource = function (stream) {
      if (this.sampleRate === 24000) throw new DOMException('different sample-rate', 'NotSupportedError');
      return join.call(this, stream);
    };
  };
  const { page } = await startCall({ record: true, script });
  const heard = (await server.microphoneSound(1)).subarray(-12000);
  assert.ok(amplitudeAt(heard, 24000, kMicrophoneTone) > 0.05);
  await askAndAnswer(page);
  server.startSpeaking(kAnswer, tone(24000, 440, 1));
  await waitForText(page, '#activity', 'Speaking');
  await waitForText(page, '#activity', 'Listening');
  await page.waitForTimeout(200);
  const { rate, samples } = await playedSound(page);
  assert.notEqual(rate, 24000);
  const { begin, end } = soundingSpan(samples);
  assert.ok(Math.abs((end - begin) / rate - 1) < 0.02);
  assert.ok(Math.abs(amplitudeAt(samples.subarray(begin, end), rate, 440) - 0.5) < 0.02);
});

test('a denied microphone is said plainly, and no call is made', async () => {
  const strict = await startBrowser({ allow: false });
  try {
    const { page } = await openPage(strict, `${server.origin}/call`);
    await page.click('text="Start Call"');
    await waitForText(page, '#mic', 'Mic: blocked');
    assert.match(await page.textContent('#notice'), /microphone/);
    assert.equal(await page.textContent('#call'), 'Start Call');
    assert.equal(server.socket, undefined);
    await screenshot(page, 'blocked-light');
  } finally {
    await strict.close();
  }
});

test('a refused call is a failed connection, and the next one works', async () => {
  server.accepts = false;
  const { page } = await openPage(browser, `${server.origin}/call`);
  await waitForText(page, '#server', 'Server: ready');
  await page.click('text="Start Call"');
  await waitForText(page, '#connection', 'Connection: failed');
  await waitForText(page, '#mic', 'Mic: off');
  assert.match(await page.textContent('#notice'), /did not take the call/);
  server.accepts = true;
  await page.click('text="Start Call"');
  await waitForText(page, '#connection', 'Connection: connected');
  assert.equal(await page.textContent('#notice'), '');
});

test('nothing at the address, and no address', async () => {
  const { page } = await openPage(browser, `${server.origin}/call`);
  await page.fill('#backend', 'http://localhost:1');
  await waitForText(page, '#server', 'Server: not reachable');
  await page.click('text="Start Call"');
  await waitForText(page, '#connection', 'Connection: failed');
  assert.match(await page.textContent('#notice'), /Nothing answers at http:\/\/localhost:1\./);
  await page.fill('#backend', 'not an address');
  await waitForText(page, '#server', 'Server: no address');
  assert.equal(await page.isDisabled('#call'), true);
  assert.equal(await page.getAttribute('#backend', 'aria-invalid'), 'true');
});

test('a lost connection is said, the captions stay, and a new call can be made', async () => {
  const { page } = await startCall();
  await askAndAnswer(page);
  server.socket.terminate();
  await waitForText(page, '#connection', 'Connection: lost');
  assert.equal((await captions(page)).length, 2);
  assert.equal(await page.textContent('#call'), 'Start Call');
  await page.click('text="Start Call"');
  await waitForText(page, '#connection', 'Connection: connected');
  assert.equal((await captions(page)).length, 0);
  await server.microphoneSound(0.2);
});

test('what the server refuses in words is shown', async () => {
  const { page } = await startCall();
  server.send({ type: 'error', error: { type: 'server_error', code: 'overloaded', message: 'Too many calls at once.' } });
  await waitForText(page, '#notice', 'Too many calls at once.');
  server.socket.close(1013);
  await waitForText(page, '#connection', 'Connection: lost');
  assert.equal(await page.textContent('#notice'), 'Too many calls at once.');
});

test('the page works from disk, with a typed address that it remembers', async () => {
  const page = fileURLToPath(new URL('../../web/dist/call_interface.html', import.meta.url));
  const opened = await openPage(browser, `file://${page}`);
  assert.equal(await opened.page.inputValue('#backend'), 'http://localhost:8080');
  await opened.page.fill('#backend', `localhost:${server.port}`);
  await waitForText(opened.page, '#server', 'Server: ready');
  await opened.page.click('text="Start Call"');
  await waitForText(opened.page, '#connection', 'Connection: connected');
  await server.microphoneSound(0.5);
  await opened.page.reload();
  assert.equal(await opened.page.inputValue('#backend'), `localhost:${server.port}`);
  assert.deepEqual(opened.errors, []);
});

test('over plain http to another host, the page says what to do', async () => {
  const { page } = await openPage(browser, `http://${kInsecureHost}:${server.port}/call`);
  await waitForText(page, '#notice', /https.*ssh -L 8080:localhost:8080/);
  assert.equal(await page.isDisabled('#call'), true);
  await screenshot(page, 'insecure-light');
});

for (const [name, options] of [
  ['dark', { colorScheme: 'dark' }],
  ['light-phone', { width: 375, height: 780 }],
  ['dark-phone', { colorScheme: 'dark', width: 375, height: 780 }],
  ['narrow', { width: 320, height: 640 }],
]) {
  test(`nothing is cut off (${name})`, async () => {
    const { page } = await startCall(options);
    await askAndAnswer(page);
    server.startSpeaking(kAnswer, tone(24000, 440, 1));
    await waitForText(page, '#activity', 'Speaking');
    server.send({ type: 'antiphon.turn', response_id: 'resp_1', speculated: true, transcript_seconds: 0.21, first_audio_seconds: 0.512 });
    await waitForText(page, '#times', /512 ms/);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0);
    await screenshot(page, `call-${name}`);
  });
}
