// The call page in a real Chromium against a fake server, which says what each test wants to see.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { captions, keepTexts, openPage, playedSound, startBrowser, waitForShown, waitForText } from './support/browser.mjs';
import { FakeServer, until } from './support/fake_server.mjs';
import * as scene from './support/scene.mjs';
import { amplitudeAt, fromPcm, tone, writeWav } from './support/wav.mjs';

const kMicrophoneTone = 1000;
const kInsecureHost = 'antiphon.test';
const { kAnswer, kAnswerText } = scene;

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

const startCall = (options) => scene.startCall(browser, server, options);
const askAndAnswer = (page) => scene.askAndAnswer(page, server);

/** Plays the sound as the answer's, and waits until it has been heard to its end. */
async function hearAnswer(page, samples) {
  await keepTexts(page, '#activity');
  server.startSpeaking(kAnswer, samples);
  await waitForShown(page, '#activity', 'Speaking');
  await waitForText(page, '#activity', 'Listening');
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
  assert.match(await page.textContent('#advice'), /loading its models/);
  server.ready = true;
  await waitForText(page, '#server', 'Server: ready');
  await waitForText(page, '#advice', '');
  assert.equal(await page.inputValue('#mode'), 'auto');
  const foreign = requests.filter((url) => !url.startsWith(server.origin) && !/^(blob|data):/.test(url));
  assert.deepEqual(foreign, []);
  // Chromium itself writes into the console that /ready answered 503; nothing else is there.
  assert.deepEqual(errors.filter((text) => !/status of 503/.test(text)), []);
});

test('a call: the language is sent, the microphone streams, both captions and the times are shown', async () => {
  const { page, requests, errors } = await openPage(browser, `${server.origin}/call?transport=websocket`, { record: true });
  await page.selectOption('#language', 'sv');
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: connected');
  await waitForText(page, '#mic', 'Mic: live');
  assert.equal(server.protocol, 'realtime');
  const update = await server.event('session.update');
  assert.equal(update.session.type, 'realtime');
  assert.equal(update.session.audio.input.transcription.language, 'sv');
  assert.deepEqual(update.session.antiphon, { partials: true, binary_audio: true });
  assert.deepEqual(update.session.audio.input.format, { type: 'audio/pcm', rate: 24000 });

  const heard = (await server.microphoneSound(1)).subarray(-12000);
  assert.ok(server.microphone.every((frame) => frame.length === 960), 'frames are 20 ms');
  // What was heard before the session was open comes without.
  assert.ok(await until(() => server.binaryFrames > 0), 'they come in binary frames');
  const level = amplitudeAt(heard, 24000, kMicrophoneTone);
  assert.ok(level > 0.05, `the microphone's tone arrives at its pitch (amplitude ${level.toFixed(3)})`);
  await page.waitForFunction(() => Number(document.querySelector('antiphon-call').shadowRoot.querySelector('#level').getAttribute('aria-valuenow')) > 20);

  await askAndAnswer(page);
  await keepTexts(page, '#activity');
  await keepTexts(page, '.assistant .coming');
  scene.sendWords(server, 1000);
  server.startSpeaking(kAnswer, tone(24000, 440, 1));
  await waitForShown(page, '#activity', 'Speaking');
  server.send({ type: 'response.output_audio_transcript.done', ...kAnswer, transcript: kAnswerText });
  await waitForShown(page, '.assistant .coming', /^ answer each other, verse/);
  await waitForShown(page, '.assistant .coming', ' by verse.');
  scene.sendTimes(server);
  await page.waitForSelector('#captions li.assistant.final');
  await waitForText(page, '#activity', 'Listening');
  server.send({ type: 'response.done', response: { id: 'resp_1', status: 'completed', output: [] } });
  assert.equal(await page.locator('.coming').count(), 0, 'all words have sounded');
  assert.deepEqual(await captions(page), [
    { side: 'caller', state: 'final', text: 'Tell me about the choir.', unheard: '' },
    { side: 'assistant', state: 'final', text: kAnswerText, unheard: '' },
  ]);
  assert.equal(await page.textContent('.times summary'), 'Answered after 512 ms');
  assert.equal(await page.isVisible('.times dl'), false);
  await page.click('.times summary');
  assert.match(await page.innerText('.times dl'), /Words understood\s+210 ms[^]*First sound sent\s+512 ms/);
  assert.match(await page.textContent('#announcer'), /^You: Tell me about the choir\.Antiphon: Two groups/);

  const { rate, samples } = await playedSound(page);
  const { begin, end } = soundingSpan(samples);
  assert.ok(Math.abs((end - begin) / rate - 1) < 0.02, `one second was played, in ${(end - begin) / rate} s`);
  assert.ok(Math.abs(amplitudeAt(samples.subarray(begin, end), rate, 440) - 0.5) < 0.02, 'whole and without gaps');

  await page.selectOption('#language', '');
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: ended');
  await waitForText(page, '#mic', 'Mic: off');
  assert.equal(await page.textContent('#call'), 'Start Call');
  assert.ok(await until(() => server.socket.readyState === server.socket.CLOSED), 'the page hung up');
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

  assert.equal(truncate.item_id, 'item_a1');
  assert.equal(truncate.content_index, 0);
  assert.ok(Number.isInteger(truncate.audio_end_ms));
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
  await hearAnswer(page, tone(24000, 440, 1));
  const { rate, samples } = await playedSound(page);
  assert.notEqual(rate, 24000);
  const { begin, end } = soundingSpan(samples);
  assert.ok(Math.abs((end - begin) / rate - 1) < 0.02);
  assert.ok(Math.abs(amplitudeAt(samples.subarray(begin, end), rate, 440) - 0.5) < 0.02);
});

test('a denied microphone is said plainly, and no call is made', async () => {
  const strict = await startBrowser({ allow: false });
  try {
    const { page } = await openPage(strict, `${server.origin}/call?transport=websocket`);
    await page.click('#call');
    await waitForText(page, '#mic', 'Mic: blocked');
    assert.match(await page.textContent('#notice'), /microphone/);
    assert.equal(await page.textContent('#call'), 'Start Call');
    assert.equal(server.socket, undefined);
  } finally {
    await strict.close();
  }
});

test('a refused call is a failed connection, and the next one works', async () => {
  server.accepts = false;
  const { page } = await openPage(browser, `${server.origin}/call?transport=websocket`);
  await waitForText(page, '#server', 'Server: ready');
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: failed');
  await waitForText(page, '#mic', 'Mic: off');
  assert.match(await page.textContent('#notice'), /did not take the call/);
  server.accepts = true;
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: connected');
  assert.equal(await page.textContent('#notice'), '');
});

test('nothing at the address, and no address', async () => {
  const { page } = await openPage(browser, `${server.origin}/call?transport=websocket`);
  await page.fill('#backend', 'http://localhost:1');
  await waitForText(page, '#server', 'Server: not reachable');
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: failed');
  assert.match(await page.textContent('#notice'), /Nothing answers at http:\/\/localhost:1\./);
  await page.fill('#backend', 'not an address');
  await waitForText(page, '#server', 'Server: no address');
  assert.equal(await page.isDisabled('#call'), true);
  assert.equal(await page.getAttribute('#backend', 'aria-invalid'), 'true');
});

test('a server that restarts is waited for, and the call goes on with its captions', async () => {
  const { page } = await startCall();
  await askAndAnswer(page);
  const port = server.port;
  await server.shutDown();
  await waitForText(page, '#connection', 'Connection: reconnecting…');
  await waitForText(page, '#activity', 'Reconnecting…');
  assert.equal(await page.textContent('#call'), 'End Call');
  assert.equal((await captions(page)).length, 2);
  server.ready = false;
  await server.listen(port);
  await page.waitForTimeout(1500); // it asks, and is told that the models are loading
  assert.equal(server.calls, 1);
  server.ready = true;
  await waitForText(page, '#connection', 'Connection: connected', 15_000);
  await waitForText(page, '#activity', 'Listening');
  assert.equal((await captions(page)).length, 2);
  await server.event('conversation.item.create');
  await server.microphoneSound(0.5);
  const retold = server.received.filter(({ type }) => type === 'conversation.item.create').map(({ item }) => [item.role, item.content[0].text]);
  assert.deepEqual(retold, [['user', 'Tell me about the choir.'], ['assistant', kAnswerText]]);
  assert.equal(server.received[0].type, 'session.update');
  assert.equal(await page.textContent('#notice'), '');
});

test('a cut line comes back by itself, and the call can be ended while it is away', async () => {
  const { page } = await startCall();
  await keepTexts(page, '#connection');
  server.socket.terminate();
  await waitForShown(page, '#connection', 'Connection: reconnecting…');
  await waitForText(page, '#connection', 'Connection: connected', 10_000);
  assert.equal(server.calls, 2);
  await server.shutDown();
  await waitForText(page, '#connection', 'Connection: reconnecting…');
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: ended');
  await waitForText(page, '#mic', 'Mic: off');
});

test('a cut link is taken up again: the same call, its captions, and no sound of the microphone lost', async () => {
  server.keeps = true;
  const { page } = await startCall();
  await askAndAnswer(page);
  const updates = server.received.filter(({ type }) => type === 'session.update').length;
  server.send({ event_id: 'event_last', type: 'rate_limits.updated', rate_limits: [] });
  server.missed = [
    { type: 'input_audio_buffer.committed', item_id: 'u9' },
    { type: 'conversation.item.input_audio_transcription.completed', item_id: 'u9', transcript: 'And the hall?' },
  ];
  await page.waitForTimeout(200);
  const before = server.microphone.length;
  const cutAt = performance.now();
  server.ready = false;
  server.socket.terminate();
  await waitForText(page, '#connection', 'Connection: reconnecting…');
  await waitForText(page, '#activity', 'Reconnecting…');
  await page.waitForTimeout(2000);
  server.ready = true;
  await waitForText(page, '#connection', 'Connection: connected', 10_000);
  assert.deepEqual(server.returns, [
    { call_id: 'rtc_fake', resume: 'resume_fake', last_event_id: 'event_last', after_binary: '0' },
  ]);
  assert.equal(server.calls, 2);
  assert.equal(server.received.filter(({ type }) => type === 'session.update').length, updates, 'no new session');
  assert.equal(server.received.some(({ type }) => type === 'conversation.item.create'), false, 'nothing is told again');
  assert.deepEqual((await captions(page)).map(({ text }) => text).at(-1), 'And the hall?');
  assert.equal((await captions(page)).length, 3);
  assert.equal(await page.textContent('#notice'), '');
  // As many frames as there were 20 ms, though nobody took any for two seconds.
  await page.waitForTimeout(500);
  const missing = (performance.now() - cutAt) / 20 - (server.microphone.length - before);
  assert.ok(Math.abs(missing) < 15, `${missing} frames are missing`);
});

test('a server that ends sends the call on: it is taken up at once, by the address that it came by', async () => {
  server.keeps = true;
  const { page } = await startCall();
  await askAndAnswer(page);
  const updates = server.received.filter(({ type }) => type === 'session.update').length;
  const ended = performance.now();
  server.send({ event_id: 'event_last', type: 'antiphon.restarting', resumable: true });
  server.socket.close(1012);
  while (server.returns.length === 0 && performance.now() < ended + 5_000) await page.waitForTimeout(20);
  assert.deepEqual(server.returns.map(({ last_event_id }) => last_event_id), ['event_last']);
  assert.ok(performance.now() - ended < 2_000, `it came after ${performance.now() - ended} ms`);
  await waitForText(page, '#connection', 'Connection: connected', 10_000);
  assert.equal(server.received.filter(({ type }) => type === 'session.update').length, updates, 'no new session');
  assert.equal((await captions(page)).length, 2);
  // One that could not save it says so, and the page begins anew, with what was said.
  server.send({ event_id: 'event_more', type: 'antiphon.restarting', resumable: false });
  server.socket.close(1012);
  await server.event('conversation.item.create', 10_000);
  assert.equal(server.returns.length, 1);
  assert.equal(server.calls, 3);
});

test('a link that is dead without a word is noticed, and one whose call is gone begins anew', async () => {
  server.keeps = true;
  const { page } = await startCall();
  await page.waitForTimeout(300);
  server.lives = false; // and from here on silence
  await waitForText(page, '#connection', 'Connection: reconnecting…', 10_000);
  server.lives = true;
  await waitForText(page, '#connection', 'Connection: connected', 10_000);
  assert.equal(server.returns.length, 1);
  server.keeps = false;
  server.received = [];
  server.socket.terminate();
  await waitForText(page, '#connection', 'Connection: reconnecting…');
  await waitForText(page, '#connection', 'Connection: connected', 10_000);
  assert.equal(server.returns.length, 1);
  assert.equal((await server.event('session.update')).session.antiphon.resumable, undefined);
});

test('a server without the additions has a call as before them', async () => {
  server.additions = false;
  const { page } = await startCall({ record: true });
  await askAndAnswer(page);
  await hearAnswer(page, tone(24000, 440, 0.5));
  await server.microphoneSound(0.5);
  assert.equal(server.binaryFrames, 0);
  assert.equal('antiphon' in (await server.event('session.update')).session, false);
  assert.equal(await page.textContent('#notice'), '');
  assert.ok((await page.locator('#language option').count()) > 10, 'the built-in list of languages');
  assert.equal(await page.isVisible('#agent-row'), false);
});

test('mute, volume, typing, and what is chosen in the settings', async () => {
  const { page, errors } = await openPage(browser, `${server.origin}/call?transport=websocket`, { record: true });
  await page.waitForFunction(() => document.querySelector('antiphon-call').shadowRoot.querySelectorAll('#agent option').length === 3);
  assert.deepEqual(await page.locator('#language option').allTextContents(), ['Auto-detect', 'English', 'Deutsch', 'Svenska', 'Cymraeg']);
  await page.click('#open-settings');
  await page.selectOption('#agent', 'concierge');
  await page.selectOption('#voice', 'sv_SE-nst-medium');
  await page.fill('#speed', '1.25');
  await page.fill('#instructions', 'Be brief.');
  await page.keyboard.press('Tab');
  await page.click('#close-settings');
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: connected');
  assert.equal(server.agent, 'concierge');
  await server.microphoneSound(0.2);
  const manner = server.received.filter(({ type }) => type === 'session.update')[1].session;
  assert.deepEqual(manner, {
    type: 'realtime',
    audio: { output: { voice: 'sv_SE-nst-medium', speed: 1.25 } },
    instructions: 'Be brief.',
  });

  await page.click('#mute');
  await waitForText(page, '#mic', 'Mic: muted');
  assert.equal(await page.getAttribute('#mute', 'aria-pressed'), 'true');
  const quiet = () => server.microphone.length > 0 && fromPcm(server.microphone.at(-1)).every((sample) => Math.abs(sample) < 0.001);
  assert.ok(await until(quiet), 'what was heard before is on its way for a moment, no longer');
  server.microphone = [];
  const muted = await server.microphoneSound(0.4);
  assert.ok(muted.every((sample) => Math.abs(sample) < 0.001), 'silence is sent');
  await page.click('#mute');
  await waitForText(page, '#mic', 'Mic: live');
  assert.ok(await until(() => !quiet()), 'it is heard again');
  server.microphone = [];
  assert.ok(amplitudeAt(await server.microphoneSound(0.4), 24000, kMicrophoneTone) > 0.05);

  await page.fill('#message', 'What is a choir?');
  await page.keyboard.press('Enter');
  const asked = await server.event('response.create');
  const created = await server.event('conversation.item.create');
  assert.ok(server.received.indexOf(created) < server.received.indexOf(asked));
  assert.deepEqual(created.item.content, [{ type: 'input_text', text: 'What is a choir?' }]);
  assert.equal(await page.inputValue('#message'), '');
  assert.deepEqual((await captions(page)).map(({ side, text }) => [side, text]), [['caller', 'What is a choir?']]);

  await page.fill('#volume', '0.5');
  await page.reload();
  await page.waitForFunction(() => document.querySelector('antiphon-call').shadowRoot.querySelectorAll('#agent option').length === 3);
  const kept = await Promise.all(['#agent', '#voice', '#speed', '#instructions', '#volume'].map((id) => page.inputValue(id)));
  assert.deepEqual(kept, ['concierge', 'sv_SE-nst-medium', '1.25', 'Be brief.', '0.5']);
  assert.deepEqual(errors, []);
});

test('push-to-talk by the space bar and by the button', async () => {
  const { page } = await openPage(browser, `${server.origin}/call?transport=websocket`);
  await page.click('#open-settings');
  await page.click('#push-to-talk');
  await page.keyboard.press('Escape');
  await page.waitForSelector('#settings', { state: 'hidden' });
  await page.click('#call');
  await waitForText(page, '#activity', 'Ready when you are');
  const types = () => server.received.map(({ type }) => type);
  assert.ok(await until(() => server.received.some((event) => event.session?.audio?.input?.turn_detection === null)));
  await page.waitForTimeout(300);
  assert.equal(server.microphone.length, 0, 'nothing is heard');
  await page.keyboard.down(' ');
  await waitForText(page, '#activity', 'Hearing you');
  await server.microphoneSound(0.4);
  await page.keyboard.up(' ');
  await waitForText(page, '#activity', 'Thinking');
  await server.event('response.create');
  assert.deepEqual(types().slice(-3), ['input_audio_buffer.clear', 'input_audio_buffer.commit', 'response.create']);
  const sent = server.microphone.length;
  await page.waitForTimeout(200);
  assert.ok(server.microphone.length - sent <= 1, 'no more is heard');

  const pressed = types().length;
  await page.hover('#talk');
  await page.mouse.down();
  await waitForText(page, '#talk', 'Let go when you have finished');
  await page.mouse.up();
  await waitForText(page, '#talk', 'Hold to talk');
  // A press that was too short is cleared away again, a longer one asks for an answer.
  const over = ([, ...after]) => ['input_audio_buffer.clear', 'response.create'].includes(after.at(-1));
  assert.ok(await until(() => over(types().slice(pressed))), types().join(' '));

  await page.focus('#message');
  const before = types().length;
  await page.keyboard.type('a b');
  assert.equal(await page.inputValue('#message'), 'a b');
  assert.equal(types().length, before, 'a space that is typed is a space');

  await page.click('#open-settings');
  await page.click('#push-to-talk');
  assert.ok(await until(() => server.received.at(-1).session?.audio?.input?.turn_detection?.silence_duration_ms === 500));
});

test('the transcript is saved as text and as JSON', async () => {
  const { page } = await startCall();
  assert.equal(await page.isDisabled('#save-text'), true);
  await askAndAnswer(page);
  const saved = async (id) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(id)]);
    return [download.suggestedFilename(), await readFile(await download.path(), 'utf8')];
  };
  const [name, text] = await saved('#save-text');
  assert.match(name, /^antiphon-\d{4}-\d\d-\d\d-\d\d-\d\d\.txt$/);
  assert.equal(text, `You: Tell me about the choir.\n\nAntiphon: ${kAnswerText}\n`);
  const [, json] = await saved('#save-json');
  assert.deepEqual(JSON.parse(json).turns, [
    { speaker: 'caller', text: 'Tell me about the choir.', language: 'en' },
    { speaker: 'assistant', text: kAnswerText },
  ]);
});

test('another microphone and another loudspeaker, during a call', async () => {
  const { page } = await startCall();
  await server.microphoneSound(0.2);
  await page.click('#open-settings');
  await page.waitForFunction(() => document.querySelector('antiphon-call').shadowRoot.querySelectorAll('#input option').length > 1);
  await page.selectOption('#input', { index: 1 });
  await page.waitForTimeout(300);
  server.microphone = [];
  await server.microphoneSound(0.3);
  await waitForText(page, '#mic', 'Mic: live');
  assert.equal(await page.isVisible('#output'), true);
  assert.equal(await page.textContent('#notice'), '');
});

test('the sound goes on when the tab is hidden, and a telephone\'s screen stays on', async () => {
  const script = () => {
    window.locks = [];
    Object.defineProperty(navigator, 'wakeLock', {
      value: { request: async (kind) => { window.locks.push(kind); return { release: async () => window.locks.push('released') }; } },
    });
  };
  const { page } = await startCall({ record: true, script, hasTouch: true, isMobile: true, width: 390, height: 844 });
  assert.deepEqual(await page.evaluate(() => window.locks), ['screen']);
  await askAndAnswer(page);
  server.startSpeaking(kAnswer, tone(24000, 440, 2));
  await waitForText(page, '#activity', 'Speaking');
  const other = await page.context().newPage();
  await other.bringToFront();
  await page.waitForTimeout(2200);
  await page.bringToFront();
  await waitForText(page, '#activity', 'Listening');
  const { rate, samples } = await playedSound(page);
  // On a busy machine the other tab may cost a moment, but no sound: silence is a few samples of each wave.
  const sounding = samples.filter((sample) => Math.abs(sample) > 0.003).length / rate;
  assert.ok(Math.abs(sounding - 2) < 0.05, `${sounding} s of two were played`);
  await page.click('#call');
  await page.waitForFunction(() => window.locks.at(-1) === 'released');
});

test('all of it by keyboard: settings, a call, a message, the end', async () => {
  const { page } = await openPage(browser, `${server.origin}/call?transport=websocket`);
  await waitForText(page, '#server', 'Server: ready');
  const focused = () => page.evaluate(() => document.querySelector('antiphon-call').shadowRoot.activeElement?.id);
  const tabTo = async (id) => {
    for (let i = 0; i < 20 && (await focused()) !== id; i++) await page.keyboard.press('Tab');
    assert.equal(await focused(), id);
  };
  await tabTo('open-settings');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#settings[open]');
  await tabTo('instructions');
  await page.keyboard.type('Be kind.');
  await page.keyboard.press('Escape');
  assert.equal(await focused(), 'open-settings', 'the focus goes back');
  await tabTo('call');
  await page.keyboard.press('Enter');
  await waitForText(page, '#connection', 'Connection: connected');
  assert.equal((await server.event('session.update')).type, 'session.update');
  await tabTo('message');
  await page.keyboard.type('Hello');
  await page.keyboard.press('Enter');
  await server.event('response.create');
  await page.keyboard.press('Shift+Tab');
  for (let i = 0; i < 20 && (await focused()) !== 'call'; i++) await page.keyboard.press('Shift+Tab');
  await page.keyboard.press(' ');
  await waitForText(page, '#connection', 'Connection: ended');
});

test('a link names the server, and a page of another origin reaches it', async () => {
  const elsewhere = await FakeServer.start();
  try {
    const { page, requests, errors } = await openPage(browser, `${elsewhere.origin}/call?transport=websocket&agent=librarian&server=${encodeURIComponent(server.origin)}`);
    assert.equal(await page.inputValue('#backend'), server.origin);
    await waitForText(page, '#server', 'Server: ready');
    await page.click('#call');
    await waitForText(page, '#connection', 'Connection: connected');
    await server.microphoneSound(0.2);
    assert.equal(elsewhere.calls, 0);
    assert.equal(server.agent, 'librarian');
    const hosts = new Set(requests.filter((url) => !/^(blob|data):/.test(url)).map((url) => new URL(url).host));
    assert.deepEqual([...hosts].sort(), [`localhost:${elsewhere.port}`, `localhost:${server.port}`].sort());
    assert.deepEqual(errors, []);
  } finally {
    await elsewhere.stop();
  }
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
  const opened = await openPage(browser, `file://${page}?transport=websocket`);
  assert.equal(await opened.page.inputValue('#backend'), 'http://localhost:8080');
  await opened.page.fill('#backend', `localhost:${server.port}`);
  await waitForText(opened.page, '#server', 'Server: ready');
  await opened.page.click('#call');
  await waitForText(opened.page, '#connection', 'Connection: connected');
  await server.microphoneSound(0.5);
  await opened.page.reload();
  assert.equal(await opened.page.inputValue('#backend'), `localhost:${server.port}`);
  // Chromium itself writes into the console that nothing answered at the first address.
  assert.deepEqual(opened.errors.filter((text) => !/ERR_CONNECTION_REFUSED/.test(text)), []);
});

test('over plain http to another host, the page says what to do', async () => {
  const { page } = await openPage(browser, `http://${kInsecureHost}:${server.port}/call?transport=websocket`);
  await waitForText(page, '#notice', /https.*ssh -L 8080:localhost:8080/);
  assert.equal(await page.isDisabled('#call'), true);
});
