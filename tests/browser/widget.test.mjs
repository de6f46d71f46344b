// <antiphon-call> in somebody else's page.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { openPage, startBrowser, waitForText } from './support/browser.mjs';
import { FakeServer } from './support/fake_server.mjs';
import { askAndAnswer } from './support/scene.mjs';
import { tone, writeWav } from './support/wav.mjs';

let folder;
let browser;
let server; // that answers
let host; // of the page around

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antiphon-widget-'));
  const microphone = join(folder, 'tone.wav');
  await writeWav(microphone, Float32Array.from([...tone(48000, 1000, 10), ...new Float32Array(48000)]), 48000);
  browser = await startBrowser({ microphone });
});

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  server = await FakeServer.start();
  host = await FakeServer.start();
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await server.stop();
  await host.stop();
});

async function openShop(element, policy = '') {
  const body = `<!doctype html><html lang="en"><head><title>A shop</title><link rel="icon" href="data:,">${policy}
    <style>button { background: red; font-size: 40px } p { color: red }</style></head>
    <body><h1>A shop</h1>${element}<script src="${server.origin}/antiphon.js"></script></body></html>`;
  host.pages.set('/shop', { type: 'text/html; charset=utf-8', body });
  const opened = await openPage(browser, `${host.origin}/shop`);
  await opened.page.waitForSelector('antiphon-call .launcher');
  return opened;
}

test('a script and an element: a click calls the server the script came from, as the named agent', async () => {
  const { page, requests, errors } = await openShop('<antiphon-call transport="websocket" agent="concierge" language="sv" label="Talk to us"></antiphon-call>');
  await page.evaluate(() => {
    window.states = [];
    document.addEventListener('antiphon-state', ({ detail }) => window.states.push(`${detail.connection}/${detail.activity}`));
  });
  assert.equal(await page.isVisible('#call'), false);
  await page.click('text="Talk to us"');
  await waitForText(page, '#connection', 'Connection: connected');
  assert.equal(server.agent, 'concierge');
  assert.equal(host.calls, 0);
  assert.equal((await server.event('session.update')).session.audio.input.transcription.language, 'sv');
  await server.microphoneSound(0.2);
  await askAndAnswer(page, server);
  assert.equal(await page.isVisible('#backend'), false, 'the address is the page’s business');
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('antiphon-call').shadowRoot.querySelector('#call')).fontSize), '16px');

  await page.keyboard.press('Escape');
  assert.equal(await page.isVisible('#call'), false);
  assert.equal(await page.evaluate(() => document.querySelector('antiphon-call').shadowRoot.activeElement.className), 'launcher');
  server.microphone = [];
  await server.microphoneSound(0.3); // the call goes on
  await page.click('text="Talk to us"');
  assert.equal(server.calls, 1, 'it is the same call');
  assert.equal(await page.textContent('#call'), 'End Call');
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: ended');
  const states = await page.evaluate(() => window.states);
  assert.ok(states.includes('connected/listening') && states.includes('connected/thinking') && states.at(-1) === 'ended/', states.join(' '));
  const hosts = new Set(requests.filter((url) => !/^(blob|data):/.test(url)).map((url) => new URL(url).port));
  assert.deepEqual([...hosts].sort(), [String(host.port), String(server.port)].sort());
  assert.deepEqual(errors, []);
});

test('a server that the element names, and an element that is taken out of the page hangs up', async () => {
  const other = await FakeServer.start();
  try {
    const { page } = await openShop(`<antiphon-call transport="websocket" server="${other.origin}"></antiphon-call>`);
    await page.click('text="Call Antiphon"');
    await waitForText(page, '#connection', 'Connection: connected');
    assert.equal(other.calls, 1);
    const closed = new Promise((resolve) => other.socket.on('close', resolve));
    await page.evaluate(() => document.querySelector('antiphon-call').remove());
    await closed;
  } finally {
    await other.stop();
  }
});

test('under a strict content security policy that names the server, it works', async () => {
  const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src ${server.origin} blob:; style-src 'unsafe-inline'; img-src data:; connect-src ${server.origin} ws://localhost:${server.port}">`;
  const { page, errors } = await openShop('<antiphon-call transport="websocket"></antiphon-call>', policy);
  await page.click('text="Call Antiphon"');
  await waitForText(page, '#connection', 'Connection: connected');
  await server.microphoneSound(0.2);
  assert.deepEqual(errors, []);
});
