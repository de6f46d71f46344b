// A spoken call through the page in a real Chromium, to the real server with its real engines: the fake
// microphone plays a person's voice, and what the page's playout played is read back by Whisper.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { captions, openPage, playedSound, screenshot, startBrowser, waitForText, waitForTexts } from './support/browser.mjs';
import { kSaid, microphone, trimmed } from './support/question.mjs';
import { RealServer, wordErrorRate } from './support/real_server.mjs';
import { writeWav } from './support/wav.mjs';

const kAnswerTimeout = 30_000;
const kSpeakTimeout = 60_000;

let folder;
let server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antiphon-call-'));
  // An answer of ten seconds or so: long enough to be cut short, short enough to be compared whole.
  const instructions = 'You are a helpful voice assistant. Answer with a short story about a sailor and the sea.';
  server = await RealServer.start(['language_model.max_tokens=40', `session.instructions=${instructions}`]);
});

after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function call(browser) {
  const { page, errors } = await openPage(browser, `${server.origin}/call?transport=websocket`, { record: true });
  await waitForText(page, '#server', 'Server: ready');
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: connected');
  return { page, errors };
}

test('a spoken question is understood, and the answer is heard as it is captioned', async () => {
  const browser = await startBrowser({ microphone: await microphone(folder, 'question', [3]) });
  try {
    const { page, errors } = await call(browser);
    await waitForTexts(page, { '#captions li.caller.live .text': /\w/, '#activity': 'Hearing you' }, kAnswerTimeout);
    await screenshot(page, 'spoken-partial');
    await page.waitForSelector('#captions li.caller.final', { timeout: kAnswerTimeout });
    await page.waitForSelector('#captions li.assistant', { timeout: kAnswerTimeout });
    await waitForText(page, '#activity', 'Speaking', kAnswerTimeout);
    await waitForText(page, '.assistant .coming', /\w/); // words that will be heard
    await screenshot(page, 'spoken-answer');
    await waitForText(page, '.times summary', /^Answered after \d+ ms$/, kAnswerTimeout);
    await page.click('.times summary');
    assert.match(await page.innerText('.times dl'), /Words understood\s+[\d.]+ m?s[^]*First sound sent\s+[\d.]+ m?s/);
    await screenshot(page, 'spoken-call');
    await waitForText(page, '#activity', 'Listening', kSpeakTimeout);
    assert.equal(await page.locator('.coming').count(), 0, 'all words have sounded');

    const [caller, assistant, ...more] = await captions(page);
    assert.equal(caller.side, 'caller');
    assert.ok(wordErrorRate(kSaid, caller.text) <= 0.15, `the caller said "${kSaid}" and reads "${caller.text}"`);
    assert.deepEqual([assistant.side, assistant.state], ['assistant', 'final']);
    assert.deepEqual(more, []);

    const played = await playedSound(page);
    assert.equal(played.rate, 24000);
    const sound = trimmed(played);
    if (process.env.ANTIPHON_SCREENSHOTS) {
      await mkdir(process.env.ANTIPHON_SCREENSHOTS, { recursive: true });
      await writeWav(join(process.env.ANTIPHON_SCREENSHOTS, 'spoken-call.wav'), sound, played.rate);
    }
    const heard = await server.transcribe(sound);
    const errorRate = wordErrorRate(assistant.text, heard);
    console.log(`caller: ${caller.text}\ncaption: ${assistant.text}\nread back: ${heard}\nword error rate ${errorRate.toFixed(3)}`);
    console.log(await page.textContent('.times summary'));
    // The voice and the recognizer each have their share, and "20" is read back as "twenty".
    assert.ok(errorRate <= 0.15, `the caption is "${assistant.text}", but "${heard}" was heard`);
    assert.deepEqual(errors, []);
    await page.click('#call');
    await waitForText(page, '#connection', 'Connection: ended');
  } finally {
    await browser.close();
  }
});

test('the caller cuts in: the answer stops, and the next one is given', async () => {
  const browser = await startBrowser({ microphone: await microphone(folder, 'interruption', [3, 5]) });
  try {
    const { page } = await call(browser);
    await waitForText(page, '#activity', 'Speaking', kAnswerTimeout);
    await page.waitForSelector('#captions li.assistant.interrupted', { timeout: kAnswerTimeout });
    // The page still says "Listening" for a moment when the second answer's caption begins: its end is waited for.
    await page.waitForSelector('#captions li.assistant.interrupted ~ li.assistant.final', { timeout: kAnswerTimeout + kSpeakTimeout });
    await waitForText(page, '#activity', 'Listening', kSpeakTimeout);
    await screenshot(page, 'spoken-interruption');
    const [first, cutShort, second, answer] = await captions(page);
    assert.ok(wordErrorRate(kSaid, first.text) <= 0.15, first.text);
    assert.ok(wordErrorRate(kSaid, second.text) <= 0.15, second.text);
    assert.ok(cutShort.unheard.length > 0, `something of "${cutShort.text}" was not heard`);
    assert.ok(cutShort.unheard.length < cutShort.text.length, `something of "${cutShort.text}" was heard`);
    assert.equal(answer.state, 'final');
    assert.equal(await page.textContent('#notice'), '');
  } finally {
    await browser.close();
  }
});
