// Which way the page's call goes, against a fake server that has no WebRTC.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { keepTexts, openPage, startBrowser, waitForShown, waitForText } from './support/browser.mjs';
import { FakeServer } from './support/fake_server.mjs';
import { amplitudeAt, tone, writeWav } from './support/wav.mjs';

const kMicrophoneTone = 1000;

let folder;
let browser;
let server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antiphon-page-'));
  const microphone = join(folder, 'tone.wav');
  await writeWav(microphone, tone(48000, kMicrophoneTone, 20), 48000);
  browser = await startBrowser({ microphone });
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

test('a server without WebRTC has its call over the WebSocket at once, and hears what was said meanwhile', async () => {
  server.answersAfter = 600; // milliseconds until it refuses the offer
  const { page, errors } = await openPage(browser, `${server.origin}/call?fallback_ms=30000`);
  await waitForText(page, '#server', 'Server: ready');
  await keepTexts(page, '#notice');
  await page.click('#call');
  await waitForText(page, '#way', 'WebSocket');
  await waitForShown(page, '#notice', /WebRTC does not get through here/);
  assert.equal(server.offers, 1);
  assert.equal(server.returns.length, 0, 'there is no call to be taken over');
  const heard = await server.microphoneSound(0.6);
  assert.ok(amplitudeAt(heard.subarray(0, 12000), 24000, kMicrophoneTone) > 0.05, 'the first half second is there');
  assert.equal((await server.event('session.update')).session.antiphon.binary_audio, true);
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: ended');
  assert.equal(await page.isVisible('#way'), false);
  assert.deepEqual(errors.filter((text) => !/status of (404|503)/.test(text)), []);
});

test('an offer that is never answered is given up in time; the way can be chosen, and is remembered', async () => {
  server.answersAfter = 60_000;
  const { page } = await openPage(browser, `${server.origin}/call?fallback_ms=800`);
  await waitForText(page, '#server', 'Server: ready');
  await page.click('#call');
  await waitForText(page, '#way', 'WebSocket');
  assert.equal(server.offers, 1);
  await page.click('#call');
  await page.selectOption('#mode', 'webrtc');
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: failed');
  assert.match(await page.textContent('#notice'), /No call over WebRTC came about/);
  assert.match(await page.getAttribute('#doctor-link', 'href'), /^\?doctor/);
  assert.equal(server.calls, 1);
  await page.selectOption('#mode', 'websocket');
  await page.reload();
  assert.equal(await page.inputValue('#mode'), 'websocket');
  await page.click('#call');
  await waitForText(page, '#way', 'WebSocket');
  assert.equal(server.offers, 2);
});
