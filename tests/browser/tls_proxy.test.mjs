// The call page over https://, through a real nginx: what a browser gives to secure pages only is there, without any
// flag that says so, and calls go by wss:// and by an offer through nginx.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { openPage, startBrowser } from './support/browser.mjs';
import { Nginx } from './support/nginx.mjs';
import { keepPeers, microphone } from './support/question.mjs';
import { RealServer } from './support/real_server.mjs';
import { takeTurn } from './support/turn.mjs';

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

async function callAndAsk(query, way) {
  const browser = await open(await microphone(folder, way, [3]));
  try {
    const { page, errors } = await openPage(browser, `${nginx.origin}/call?${query}`, { script: keepPeers });
    assert.equal(await page.evaluate(() => window.isSecureContext), true);
    const stats = await takeTurn(page, way);
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
