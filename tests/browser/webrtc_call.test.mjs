// The call page over WebRTC, in a real Chromium, to the real server with its real engines.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { violations } from './support/axe.mjs';
import { captions, keepTexts, openPage, playedSound, screenshot, startBrowser, waitForShown, waitForText, waitForTexts } from './support/browser.mjs';
import { examine } from './support/doctor.mjs';
import { keepPeers, kSaid, microphone, received, trimmed } from './support/question.mjs';
import { RealServer, wordErrorRate } from './support/real_server.mjs';

const kTimeout = 60_000;
const kPatient = 'fallback_ms=30000'; // a busy machine is not a blocked network

let folder;
let server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antiphon-webrtc-'));
  const instructions = 'You are a helpful voice assistant. Answer with a short story about a sailor and the sea.';
  server = await RealServer.start(['language_model.max_tokens=40', `session.instructions=${instructions}`]);
});

after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function call(browser, query = `transport=auto&${kPatient}`, to = server) {
  const { page, errors } = await openPage(browser, `${to.origin}/call?${query}`, { record: true, script: keepPeers });
  await waitForText(page, '#server', 'Server: ready');
  await keepTexts(page, '#notice');
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: connected', kTimeout);
  return { page, errors };
}

test('a spoken question over WebRTC is understood, and the answer is heard as it is captioned', async (t) => {
  const browser = await startBrowser({ microphone: await microphone(folder, 'question', [3]) });
  try {
    const { page, errors } = await call(browser);
    assert.equal(await page.textContent('#way'), 'WebRTC');
    assert.equal(await page.inputValue('#mode'), 'auto');
    await keepTexts(page, '.assistant .coming');
    await waitForTexts(page, { '#captions li.caller.live .text': /\w/, '#activity': 'Hearing you' }, kTimeout);
    await page.waitForSelector('#captions li.caller.final', { timeout: kTimeout });
    await waitForText(page, '#activity', 'Speaking', kTimeout);
    await waitForShown(page, '.assistant .coming', /\w/, kTimeout);
    await screenshot(page, 'webrtc-answer');
    await waitForText(page, '#activity', 'Listening', kTimeout);
    assert.equal(await page.locator('.coming').count(), 0, 'all words have sounded');
    const [caller, assistant, ...more] = await captions(page);
    assert.ok(wordErrorRate(kSaid, caller.text) <= 0.15, caller.text);
    assert.deepEqual([assistant.side, assistant.state], ['assistant', 'final']);
    assert.deepEqual(more, []);
    const lit = await page.evaluate(() => window.__shown['.assistant .coming'].length);
    assert.ok(lit > 3, `the words light up one after the other (${lit} steps)`);

    const stats = await received(page);
    t.diagnostic(JSON.stringify(stats));
    assert.ok(stats.packetsReceived > 50, 'the answer came by RTP');
    assert.ok(stats.packetsLost <= stats.packetsReceived * 0.01, `${stats.packetsLost} packets were lost`);
    const heard = await server.transcribe(trimmed(await playedSound(page)));
    t.diagnostic(`caption: ${assistant.text}\nread back: ${heard}`);
    assert.ok(wordErrorRate(assistant.text, heard) <= 0.2, `the caption is "${assistant.text}", but "${heard}" was heard`);
    assert.equal(await page.textContent('#notice'), '');
    await page.click('#call');
    await waitForText(page, '#connection', 'Connection: ended');
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
  }
});

test('the caller cuts in over WebRTC: the server stops the answer, and the next one is given', async () => {
  const browser = await startBrowser({ microphone: await microphone(folder, 'interruption', [3, 5]) });
  try {
    const { page } = await call(browser);
    await waitForText(page, '#activity', 'Speaking', kTimeout);
    await page.waitForSelector('#captions li.assistant.interrupted', { timeout: kTimeout });
    await page.waitForSelector('#captions li.assistant.interrupted ~ li.assistant.final', { timeout: kTimeout });
    await waitForText(page, '#activity', 'Listening', kTimeout);
    const [first, cutShort, second, answer] = await captions(page);
    for (const { text } of [first, second]) assert.ok(wordErrorRate(kSaid, text) <= 0.15, text);
    assert.ok(cutShort.unheard.length > 0, `something of "${cutShort.text}" was not heard`);
    assert.ok(cutShort.unheard.length < cutShort.text.length, `something of "${cutShort.text}" was heard`);
    assert.equal(answer.state, 'final');
    assert.equal(await page.textContent('#way'), 'WebRTC');
    assert.equal(await page.textContent('#notice'), '');
  } finally {
    await browser.close();
  }
});

test('push-to-talk over WebRTC: what is said while the key is down is answered; then typing, and cutting in by it', async () => {
  const browser = await startBrowser({ microphone: await microphone(folder, 'push', [1, 12]) });
  try {
    const { page, errors } = await openPage(browser, `${server.origin}/call?${kPatient}`, { script: keepPeers });
    await waitForText(page, '#server', 'Server: ready');
    await page.click('#open-settings');
    await page.click('#push-to-talk');
    await page.click('#close-settings');
    await page.click('#call');
    await waitForText(page, '#way', 'WebRTC', kTimeout);
    await waitForText(page, '#activity', 'Ready when you are');
    const sends = () => page.evaluate(() => window.__peers[0].getSenders()[0].track.enabled);
    assert.equal(await sends(), false);
    await page.keyboard.down(' ');
    await waitForText(page, '#activity', 'Hearing you');
    assert.equal(await sends(), true);
    const begins = () => Number(document.querySelector('antiphon-call').shadowRoot.querySelector('#level').getAttribute('aria-valuenow')) > 20;
    await page.waitForFunction(begins, undefined, { timeout: kTimeout });
    await page.waitForTimeout(3_000); // so long the question lasts
    await keepTexts(page, '#activity');
    await page.keyboard.up(' ');
    assert.equal(await sends(), false);
    await waitForShown(page, '#activity', 'Thinking');
    await waitForText(page, '#activity', 'Speaking', kTimeout);
    const [caller] = await captions(page);
    assert.ok(wordErrorRate(kSaid, caller.text) <= 0.3, caller.text);
    await page.fill('#message', 'What is the capital of France?');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#captions li.assistant.interrupted ~ li.assistant.final', { timeout: kTimeout });
    await waitForText(page, '#activity', 'Ready when you are', kTimeout);
    const shown = await captions(page);
    assert.deepEqual(shown.map(({ side, state }) => `${side} ${state}`), [
      'caller final', 'assistant interrupted', 'caller final', 'assistant final',
    ]);
    assert.equal(await page.textContent('#notice'), '');
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
  }
});

test('the server ends the call: the page does not call again by itself', async () => {
  const browser = await startBrowser({ microphone: await microphone(folder, 'ended', [30]) });
  try {
    const { page } = await openPage(browser, `${server.origin}/call?${kPatient}`, { script: keepPeers });
    await waitForText(page, '#server', 'Server: ready');
    const [answered] = await Promise.all([page.waitForResponse(/v1\/realtime\/calls/), page.click('#call')]);
    await waitForText(page, '#way', 'WebRTC', kTimeout);
    const ended = await fetch(new URL(answered.headers().location, server.origin), { method: 'DELETE' });
    assert.equal(ended.status, 200);
    await waitForText(page, '#connection', 'Connection: lost', kTimeout);
    assert.equal(await page.evaluate(() => window.__peers.length), 1);
    assert.equal(await page.isVisible('#doctor-link'), true);
  } finally {
    await browser.close();
  }
});

test('the connection doctor finds nothing wrong', async () => {
  const browser = await startBrowser({ microphone: await microphone(folder, 'doctor', [30]) });
  try {
    const { page, errors } = await openPage(browser, `${server.origin}/call?doctor`);
    assert.deepEqual(await examine(page), {
      ok: ['microphone', 'http', 'clock', 'websocket', 'codec', 'webrtc'],
      failed: [],
      skipped: ['stun', 'turn'],
    });
    assert.equal(await page.textContent('#verdict'), 'All is well: calls work from here.');
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await screenshot(page, `doctor-${colorScheme}`);
      assert.deepEqual(await violations(page), [], colorScheme);
    }
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
  }
});
