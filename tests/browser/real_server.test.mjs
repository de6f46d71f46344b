// The page and the widget with the real server, in what the fake one could be wrong about: its list of what
// can be chosen, an agent that greets, typing, push-to-talk, another page's origin, and its sudden end.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { captions, keepTexts, openPage, playedSound, screenshot, startBrowser, waitForShown, waitForText } from './support/browser.mjs';
import { FakeServer } from './support/fake_server.mjs';
import { RealServer, wordErrorRate } from './support/real_server.mjs';
import { readWav, writeWav } from './support/wav.mjs';

const kSpeech = fileURLToPath(new URL('../golden/jfk.wav', import.meta.url));
const kSaid = 'ask what you can do for your country';
const kSaidAt = [8.1, 10.5]; // seconds in the recording
const kTimeout = 60_000;
const kGreeting = 'Good morning, this is the lamp shop.';
const kAgents = `
[agents.shop]
description = "Answers for the lamp shop"
instructions = "You are a helpful assistant. Answer in one short sentence."
greeting = "${kGreeting}"
`;

let folder;
let server;
let quiet; // a browser whose microphone hears nothing
let talking; // one whose microphone hears the question after a while, and then nothing more

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antiphon-real-'));
  const silence = join(folder, 'silence.wav');
  await writeWav(silence, new Float32Array(16_000), 16_000);
  const { rate, samples } = await readWav(kSpeech);
  const [from, to] = kSaidAt.map((seconds) => Math.round(seconds * rate));
  const question = join(folder, 'question.wav');
  const said = samples.subarray(from, to);
  const sound = new Float32Array(said.length + 12 * rate);
  sound.set(said, rate);
  await writeWav(question, sound, rate);
  await writeFile(join(folder, 'agents.toml'), kAgents);
  server = await RealServer.start(['language_model.max_tokens=16', `agents.file=${join(folder, 'agents.toml')}`]);
  quiet = await startBrowser({ microphone: silence });
  talking = await startBrowser({ microphone: question });
});

after(async () => {
  await quiet?.close();
  await talking?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

afterEach(async () => {
  for (const context of [...quiet.contexts(), ...talking.contexts()]) await context.close();
});

const answers = (page, count) =>
  page.waitForFunction(
    (wanted) => document.querySelector('antiphon-call').shadowRoot.querySelectorAll('#captions li.assistant').length >= wanted,
    count,
    { timeout: kTimeout },
  );

test('the binary carries the page and the script that the other tests look at', async () => {
  for (const [path, file] of [['/call', 'call_interface.html'], ['/antiphon.js', 'antiphon.js']]) {
    const served = await (await fetch(server.origin + path)).text();
    assert.ok(served === (await readFile(new URL(`../../web/dist/${file}`, import.meta.url), 'utf8')), `${path} is web/dist/${file}`);
  }
});

test('what the server offers can be chosen; its agent greets, and answers what is typed', async () => {
  const { page, requests, errors } = await openPage(quiet, `${server.origin}/call?transport=websocket`, { record: true });
  await waitForText(page, '#server', 'Server: ready');
  await page.click('#open-settings');
  await waitForText(page, '#agent', /shop/);
  await waitForText(page, '#voice', /en_US/);
  assert.ok((await page.locator('#language option').count()) > 50, 'every language that is recognized');
  await page.selectOption('#agent', 'shop');
  await page.fill('#speed', '1.25');
  await page.waitForTimeout(100);
  await screenshot(page, 'real-settings');
  await page.click('#close-settings');
  await keepTexts(page, '.assistant .coming');
  await page.click('#call');
  await waitForText(page, '#activity', 'Speaking', kTimeout);
  await waitForShown(page, '.assistant .coming', /shop/);
  await screenshot(page, 'real-greeting');
  await page.waitForSelector('#captions li.assistant.final', { timeout: kTimeout });
  await waitForText(page, '#activity', 'Listening', kTimeout);
  assert.deepEqual((await captions(page)).map(({ side, state, text }) => [side, state, text]), [['assistant', 'final', kGreeting]]);
  const { samples } = await playedSound(page);
  const heard = await server.transcribe(samples);
  assert.ok(wordErrorRate(kGreeting, heard) <= 0.2, `"${heard}" was heard`);

  await page.fill('#message', 'What is the capital of France?');
  await page.keyboard.press('Enter');
  await answers(page, 2);
  await waitForText(page, '#activity', 'Speaking', kTimeout);
  await page.fill('#message', 'And of Italy?'); // cuts in
  await page.keyboard.press('Enter');
  // The page says "Listening" for a moment between the two answers: the end of the second is waited for.
  await page.waitForSelector('#captions li.assistant.interrupted ~ li.assistant.final', { timeout: kTimeout });
  await waitForText(page, '#activity', 'Listening', kTimeout);
  await screenshot(page, 'real-typing');
  const shown = await captions(page);
  assert.deepEqual(shown.map(({ side, state }) => `${side} ${state}`), [
    'assistant final', 'caller final', 'assistant interrupted', 'caller final', 'assistant final',
  ]);
  assert.ok(shown[2].unheard !== '', `something of "${shown[2].text}" was not heard`);
  assert.equal(await page.textContent('#notice'), '');
  assert.ok(requests.every((url) => url.startsWith(server.origin) || /^(blob|data):/.test(url)));
  assert.deepEqual(errors, []);
});

test('push-to-talk: what is said while the key is down is answered', async () => {
  const { page, errors } = await openPage(talking, `${server.origin}/call?transport=websocket`);
  await waitForText(page, '#server', 'Server: ready');
  await page.click('#open-settings');
  await page.click('#push-to-talk');
  await page.click('#close-settings');
  await page.click('#call');
  await waitForText(page, '#activity', 'Ready when you are');
  await page.keyboard.down(' ');
  await waitForText(page, '#activity', 'Hearing you');
  await page.waitForTimeout(4_000); // one second of silence, and the question
  await screenshot(page, 'real-push-to-talk');
  await keepTexts(page, '#activity');
  await page.keyboard.up(' ');
  await waitForShown(page, '#activity', 'Thinking');
  await waitForText(page, '#activity', 'Speaking', kTimeout);
  await page.waitForSelector('#captions li.caller.final');
  await answers(page, 1);
  const [caller, assistant] = await captions(page);
  assert.ok(wordErrorRate(kSaid, caller.text) <= 0.3, caller.text);
  assert.equal(assistant.side, 'assistant');
  await waitForText(page, '#activity', 'Ready when you are', kTimeout);
  assert.equal(await page.textContent('#notice'), '');
  assert.deepEqual(errors, []);
});

test('the widget on a page of another origin', async () => {
  const host = await FakeServer.start();
  try {
    const body = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title><link rel="icon" href="data:,"></head>
      <body><h1>A shop</h1><antiphon-call transport="websocket" agent="shop" label="Talk to us"></antiphon-call>
      <script src="${server.origin}/antiphon.js"></script></body></html>`;
    host.pages.set('/shop', { type: 'text/html; charset=utf-8', body });
    const { page, errors } = await openPage(quiet, `${host.origin}/shop`);
    await page.click('text="Talk to us"');
    await waitForText(page, '#connection', 'Connection: connected');
    await waitForText(page, '#activity', 'Speaking', kTimeout);
    await screenshot(page, 'real-widget');
    await page.waitForSelector('#captions li.assistant.final', { timeout: kTimeout });
    await waitForText(page, '#activity', 'Listening', kTimeout);
    assert.equal((await captions(page))[0].text, kGreeting);
    await page.click('#call');
    await waitForText(page, '#connection', 'Connection: ended');
    assert.deepEqual(errors, []);
  } finally {
    await host.stop();
  }
});

test('a server that crashes in a call and is started again: the conversation goes on', async () => {
  const { page, errors } = await openPage(quiet, `${server.origin}/call?transport=websocket&agent=shop`);
  await waitForText(page, '#server', 'Server: ready');
  await keepTexts(page, '.assistant .coming');
  await page.click('#call');
  await waitForShown(page, '.assistant .coming', /shop\.$/, kTimeout);
  await server.crash();
  await waitForText(page, '#connection', 'Connection: reconnecting…');
  await screenshot(page, 'real-reconnecting');
  server = await server.again();
  await waitForText(page, '#connection', 'Connection: connected', kTimeout);
  await waitForText(page, '#activity', 'Listening');
  await page.fill('#message', 'What do you sell?');
  await page.keyboard.press('Enter');
  await answers(page, 2);
  await waitForText(page, '#activity', 'Speaking', kTimeout);
  await waitForText(page, '#activity', 'Listening', kTimeout);
  const shown = await captions(page);
  assert.deepEqual(shown.map(({ side }) => side), ['assistant', 'caller', 'assistant'], 'no second greeting');
  assert.equal(shown[0].text, kGreeting);
  assert.equal(await page.textContent('#notice'), '');
  // Chromium itself writes into the console that nothing answered, or not yet, or that the new server knows no such call.
  const expected = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|status of 503|Unexpected response code: (404|503)/;
  assert.deepEqual(errors.filter((text) => !expected.test(text)), []);
});
