// Every state of the page, in light and dark, on a desktop and on a telephone: axe-core finds nothing wrong,
// nothing is cut off. With ANTIPHON_SCREENSHOTS=DIR a picture of each is kept, to be looked at.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { violations } from './support/axe.mjs';
import { openPage, screenshot, startBrowser, waitForText } from './support/browser.mjs';
import { FakeServer } from './support/fake_server.mjs';
import { askAndAnswer, kAnswer, sendTimes, sendWords, startCall } from './support/scene.mjs';
import { tone, writeWav } from './support/wav.mjs';

const kScreens = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844, hasTouch: true, isMobile: true },
};
const kSoundLasts = 25; // seconds; an answer with a long pause amidst it sounds for as long as it is looked at

let folder;
let browser;
let strict; // that gives no microphone
let server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antiphon-states-'));
  const microphone = join(folder, 'hum.wav');
  await writeWav(microphone, Float32Array.from([...tone(48000, 220, 30, 0.06), ...new Float32Array(48000)]), 48000);
  browser = await startBrowser({ microphone });
  strict = await startBrowser({ allow: false });
});

after(async () => {
  await browser?.close();
  await strict?.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  server = await FakeServer.start();
});

afterEach(async () => {
  for (const context of [...browser.contexts(), ...strict.contexts()]) await context.close();
  await server.stop();
});

async function idle(look) {
  const { page } = await openPage(browser, `${server.origin}/call?transport=websocket`, look);
  await waitForText(page, '#server', 'Server: ready');
  return page;
}

async function loading(look) {
  server.ready = false;
  const { page } = await openPage(browser, `${server.origin}/call?transport=websocket`, look);
  await waitForText(page, '#server', 'Server: loading...');
  return page;
}

async function listening(look) {
  const { page } = await startCall(browser, server, look);
  await waitForText(page, '#activity', 'Listening');
  await server.microphoneSound(0.4);
  return page;
}

async function thinking(look) {
  const page = await listening(look);
  server.send({ type: 'input_audio_buffer.speech_started', item_id: 'item_u1', audio_start_ms: 100 });
  server.send({ type: 'antiphon.partial', item_id: 'item_u1', transcript: 'Tell me about' });
  server.send({ type: 'input_audio_buffer.speech_stopped', item_id: 'item_u1', audio_end_ms: 1100 });
  await waitForText(page, '#activity', 'Thinking');
  return page;
}

async function speaking(look) {
  const page = await listening(look);
  await askAndAnswer(page, server);
  sendWords(server, 3000, (kSoundLasts - 3) * 1000);
  server.startSpeaking(kAnswer, tone(24000, 180, kSoundLasts, 0.25));
  sendTimes(server);
  await waitForText(page, '.assistant .coming', /^ answer each other, verse by verse\.$/);
  await waitForText(page, '#activity', 'Speaking');
  return page;
}

async function latency(look) {
  const page = await speaking(look);
  await page.click('.times summary');
  return page;
}

async function interrupted(look) {
  const page = await speaking(look);
  server.send({ type: 'input_audio_buffer.speech_started', item_id: 'item_u2', audio_start_ms: 3000 });
  server.send({ type: 'antiphon.partial', item_id: 'item_u2', transcript: 'Wait, which' });
  await waitForText(page, '.caption.interrupted .unheard', /verse by verse\.$/);
  return page;
}

async function settings(look) {
  const page = await listening(look);
  await page.click('#open-settings');
  await page.waitForSelector('#settings[open]');
  return page;
}

async function pushToTalk(look) {
  const page = await settings(look);
  await page.click('#push-to-talk');
  await page.keyboard.press('Escape');
  await page.focus('#talk');
  await page.keyboard.down(' ');
  await waitForText(page, '#activity', 'Hearing you');
  return page;
}

async function blocked(look) {
  const { page } = await openPage(strict, `${server.origin}/call?transport=websocket`, look);
  await waitForText(page, '#server', 'Server: ready');
  await page.click('#call');
  await waitForText(page, '#mic', 'Mic: blocked');
  return page;
}

async function reconnecting(look) {
  const page = await speaking(look);
  await server.shutDown();
  await waitForText(page, '#connection', 'Connection: reconnecting…');
  await waitForText(page, '#server', 'Server: not reachable');
  await waitForText(page, '.unheard', /verse by verse\.$/);
  return page;
}

async function unreachable(look) {
  const { page } = await openPage(browser, `${server.origin}/call?transport=websocket&server=http://localhost:1`, look);
  await waitForText(page, '#server', 'Server: not reachable');
  return page;
}

async function failed(look) {
  server.accepts = false;
  const page = await idle(look);
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: failed');
  return page;
}

async function widgetClosed(look) {
  const body = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
    <meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
    <style>body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; font: 1.1rem/1.6 Georgia, serif }</style></head>
    <body><main><h1>The lamp shop</h1><p>Lamps for every room, made by hand since 1911. Ask us anything.</p>
    <p><antiphon-call transport="websocket" agent="concierge" name="The lamp shop" label="Talk to us"></antiphon-call></p></main>
    <script src="/antiphon.js"></script></body></html>`;
  server.pages.set('/shop', { type: 'text/html; charset=utf-8', body });
  const { page } = await openPage(browser, `${server.origin}/shop`, look);
  await page.waitForSelector('antiphon-call .launcher');
  return page;
}

async function widget(look) {
  const page = await widgetClosed(look);
  await page.click('text="Talk to us"');
  await waitForText(page, '#connection', 'Connection: connected');
  await askAndAnswer(page, server);
  sendWords(server, 3000, (kSoundLasts - 3) * 1000);
  server.startSpeaking(kAnswer, tone(24000, 180, kSoundLasts, 0.25));
  await waitForText(page, '.assistant .coming', /^ answer each other, verse by verse\.$/);
  return page;
}

const kStates = {
  idle, loading, listening, thinking, speaking, latency, interrupted, settings, 'push-to-talk': pushToTalk, blocked, reconnecting,
  'no-server': unreachable, failed, 'widget-closed': widgetClosed, widget,
};

for (const [name, reach] of Object.entries(kStates)) {
  for (const [screen, options] of Object.entries(kScreens)) {
    test(`${name}, ${screen}, light and dark: accessible, and nothing is cut off`, async () => {
      const page = await reach(options);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await screenshot(page, `${name}-${screen}-${colorScheme}`);
        assert.deepEqual(await violations(page), [], colorScheme);
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0);
    });
  }
}

test('the narrowest screen cuts nothing off', async () => {
  const page = await speaking({ width: 320, height: 568 });
  await screenshot(page, 'speaking-narrow');
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0);
  assert.ok((await page.locator('#captions').boundingBox()).height > 80, 'captions have room');
});

test('who asked for less motion sees a figure that stands still', async () => {
  const page = await thinking({ reducedMotion: 'reduce' });
  await page.click('#mute'); // or the level would change it
  await page.waitForTimeout(2000);
  const picture = () => page.evaluate(() => document.querySelector('antiphon-call').shadowRoot.querySelector('#figure').toDataURL());
  const first = await picture();
  await page.waitForTimeout(300);
  assert.equal(await picture(), first);
  const running = await page.evaluate(() => document.getAnimations().length);
  assert.equal(running, 0);
});
