// The call page over https://, through a real nginx: what a browser gives to secure pages only is there, without any
// flag that says so, and calls go by wss:// and by an offer through nginx.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { captions, openPage, screenshot, startBrowser, waitForText } from './support/browser.mjs';
import { Nginx } from './support/nginx.mjs';
import { keepPeers, kSaid, microphone, received } from './support/question.mjs';
import { RealServer, wordErrorRate } from './support/real_server.mjs';

const kTimeout = 60_000;

let folder;
let server;
let nginx;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antiphon-tls-'));
  server = await RealServer.start(['language_model.max_tokens=24', 'session.instructions=Answer in one short sentence.']);
  nginx = await Nginx.start(server.origin);
});

after(async () => {
  await nginx?.stop();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const open = (sound) => startBrowserAt({ microphone: sound, trust: [nginx.keyHash] });
const startBrowserAt = (options) => startBrowser({ hosts: [nginx.name], ...options });

/** A whole turn: the question is understood, and the answer speaks. */
async function callAndAsk(query, way) {
  const browser = await open(await microphone(folder, way, [3]));
  try {
    const { page, errors } = await openPage(browser, `${nginx.origin}/call?${query}`, { script: keepPeers });
    assert.equal(await page.evaluate(() => window.isSecureContext), true);
    await waitForText(page, '#server', 'Server: ready');
    await page.click('#call');
    await waitForText(page, '#connection', 'Connection: connected', kTimeout);
    assert.equal(await page.textContent('#way'), way);
    await page.waitForSelector('#captions li.caller.final', { timeout: kTimeout });
    await waitForText(page, '#activity', 'Speaking', kTimeout);
    await screenshot(page, `tls-proxy-${way.toLowerCase()}`);
    await page.waitForSelector('#captions li.assistant.final', { timeout: kTimeout });
    await waitForText(page, '#activity', 'Listening', kTimeout);
    const [caller, assistant] = await captions(page);
    assert.ok(wordErrorRate(kSaid, caller.text) <= 0.15, caller.text);
    assert.match(assistant.text, /\w/);
    const stats = way === 'WebRTC' ? await received(page) : {};
    await page.click('#call');
    await waitForText(page, '#connection', 'Connection: ended');
    assert.deepEqual(errors, []);
    return stats;
  } finally {
    await browser.close();
  }
}

test('a certificate of nobody is refused', async () => {
  const browser = await startBrowserAt({});
  try {
    await assert.rejects(openPage(browser, `${nginx.origin}/call`), /ERR_CERT_AUTHORITY_INVALID/);
  } finally {
    await browser.close();
  }
});

test('a call by WebSocket through nginx with TLS', async () => {
  await callAndAsk('transport=websocket', 'WebSocket');
  assert.match(await nginx.log(), /method=GET path="\/v1\/realtime" call="-" status=101/);
});

test('a call by WebRTC whose offer goes through nginx with TLS', async () => {
  const stats = await callAndAsk('transport=auto&fallback_ms=30000', 'WebRTC');
  assert.ok(stats.packetsReceived > 20, 'the answer came by RTP, beside nginx');
  assert.match(await nginx.log(), /method=POST path="\/v1\/realtime\/calls" call="-" status=201/);
});
