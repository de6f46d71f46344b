// The connection doctor with each leg taken away in turn; that all is well, and that no UDP gets through, it is shown by
// the real server, in webrtc_call.test.mjs and webrtc_fallback.test.mjs.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { violations } from './support/axe.mjs';
import { openPage, screenshot, startBrowser, waitForText } from './support/browser.mjs';
import { examine } from './support/doctor.mjs';
import { FakeServer } from './support/fake_server.mjs';

const kFaults = JSON.parse(await readFile(new URL('../../docs/connection-legs.json', import.meta.url), 'utf8'));

let browser;
let strict; // that gives no microphone
let server; // that has no WebRTC

before(async () => {
  browser = await startBrowser();
  strict = await startBrowser({ allow: false });
});

after(async () => {
  await browser?.close();
  await strict?.close();
});

beforeEach(async () => {
  server = await FakeServer.start();
});

afterEach(async () => {
  for (const context of [...browser.contexts(), ...strict.contexts()]) await context.close();
  await server.stop();
});

async function failures(by = browser, query = 'doctor') {
  const { page } = await openPage(by, `${server.origin}/call?${query}`);
  const { failed } = await examine(page);
  return { failed, page };
}

test('a server without WebRTC: calls work all the same, and the report says what was found', async () => {
  const { failed, page } = await failures();
  assert.deepEqual(failed, ['webrtc.refused']);
  assert.match(await page.textContent('#verdict'), /^Calls work, over the WebSocket/);
  const fault = kFaults.find(({ code }) => code === 'webrtc.refused');
  const row = await page.textContent('#legs li[data-leg=webrtc]');
  assert.ok(row.includes(fault.says) && row.includes(fault.advice), row);
  assert.equal(await page.getAttribute('#legs li[data-leg=webrtc] .mark', 'aria-label'), 'Failed');
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text; } } }));
  await page.click('#copy');
  await waitForText(page, '#copied', 'Copied.');
  const report = await page.evaluate(() => window.copied);
  assert.match(report, new RegExp(`^Server: ${server.origin}\n`));
  assert.match(report, /^ok +websocket +a call begins$/m);
  assert.match(report, /^failed +webrtc +webrtc\.refused: /m);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await screenshot(page, `doctor-fault-${colorScheme}`);
    assert.deepEqual(await violations(page), [], colorScheme);
  }
  await page.click('#back');
  await waitForText(page, '#server', 'Server: ready');
});

test('where nothing can be copied, the report is shown', async () => {
  const { page } = await failures();
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  await page.click('#copy');
  assert.match(await page.inputValue('#report'), /webrtc\.refused/);
});

test('the microphone is blocked', async () => {
  const { failed, page } = await failures(strict);
  assert.deepEqual(failed, ['microphone.blocked', 'webrtc.refused']);
  assert.match(await page.textContent('#verdict'), /microphone/);
});

test('the WebSocket does not pass', async () => {
  server.accepts = false;
  const { failed, page } = await failures();
  assert.deepEqual(failed, ['websocket.failed', 'webrtc.refused']);
  assert.equal(await page.textContent('#verdict'), 'Calls do not work from here.');
});

test('the clocks are apart', async () => {
  server.date = new Date(Date.now() - 600_000).toUTCString();
  assert.deepEqual((await failures()).failed, ['clock.off', 'webrtc.refused']);
});

test('the server is not ready, something else answers, and nothing does', async () => {
  server.ready = false;
  assert.deepEqual((await failures()).failed, ['http.not_ready']);
  server.pages.set('/ready', { type: 'text/html', body: '<h1>Welcome</h1>' });
  assert.deepEqual((await failures()).failed, ['http.not_antiphon']);
  const nobody = encodeURIComponent('http://localhost:1');
  const { failed, page } = await failures(browser, `doctor&server=${nobody}`);
  assert.deepEqual(failed, ['tcp.refused']);
  assert.equal(await page.textContent('#server'), 'http://localhost:1');
});

test('a STUN server and a TURN server that are not there', async () => {
  const credentials = { username: 'u', credential: 'c' };
  server.iceServers = [{ urls: 'stun:127.0.0.1:9' }, { urls: ['turn:127.0.0.1:9'], ...credentials }];
  assert.deepEqual((await failures()).failed, ['stun.no_answer', 'turn.no_answer', 'webrtc.refused']);
});
