// A server that asks for a key, and the page that is opened without one.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';

import { violations } from './support/axe.mjs';
import { openPage, screenshot, startBrowser, waitForText } from './support/browser.mjs';
import { examine } from './support/doctor.mjs';
import { RealServer } from './support/real_server.mjs';

const kTimeout = 60_000;
const kKey = `ak_${'5'.repeat(64)}`;
const kAsked = 'This server asks for an access key. Put it into the settings.';

let server;
let browser;

before(async () => {
  server = await RealServer.start([`access.key_hashes=test=${createHash('sha256').update(kKey).digest('hex')}`]);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(query) {
  const opened = await openPage(browser, `${server.origin}/call?${query}`);
  await waitForText(opened.page, '#server', 'Server: ready');
  return opened;
}

async function give(page, key) {
  await page.fill('#key', key);
  await page.press('#key', 'Tab');
}

/** What the browser says of answers that the page reckons with. */
const unexpected = (errors) => errors.filter((error) => !/status of 401|WebSocket is closed before/.test(error));

for (const transport of ['websocket', 'webrtc']) {
  test(`the page asks for the key, and calls with a secret of its own over ${transport}`, async () => {
    const { page, requests, errors } = await open(`transport=${transport}&fallback_ms=30000`);
    await waitForText(page, '#advice', kAsked);
    await page.click('#call');
    assert.equal(await page.evaluate(() => document.querySelector('antiphon-call').shadowRoot.activeElement.id), 'key');
    assert.deepEqual(await violations(page), []);
    await screenshot(page, `access-key-${transport}`);
    await give(page, `ak_${'6'.repeat(64)}`);
    await page.waitForSelector('#key[aria-invalid="true"]');
    await give(page, kKey);
    await page.waitForSelector('#key[aria-invalid="false"]');
    await page.click('#close-settings');
    await waitForText(page, '#advice', '');
    await page.click('#call');
    await waitForText(page, '#connection', 'Connection: connected', kTimeout);
    assert.ok(requests.includes(`${server.origin}/v1/realtime/client_secrets`));
    assert.ok(requests.every((address) => !address.includes('ak_')), 'the key is in no address');
    assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes('ak_')), false, 'it is forgotten with the tab');
    await page.click('#call');
    await waitForText(page, '#connection', 'Connection: ended');
    // A second call gets a secret of its own.
    await page.click('#call');
    await waitForText(page, '#connection', 'Connection: connected', kTimeout);
    await page.click('#call');
    await page.reload();
    await waitForText(page, '#server', 'Server: ready');
    await waitForText(page, '#advice', '');
    assert.deepEqual(unexpected(errors), []);
    await page.context().close();
  });
}

test('a key that is to be remembered is there in the next tab, and goes to no other server', async () => {
  const { page } = await open('');
  await waitForText(page, '#advice', kAsked);
  await page.click('#call');
  await give(page, kKey);
  await page.check('#remember-key');
  await page.waitForSelector('#key[aria-invalid="false"]');
  const other = await page.context().newPage();
  const shown = [];
  other.on('request', (request) => shown.push([request.url(), request.headers()['authorization'] ?? '']));
  await other.goto(`${server.origin}/call`);
  await waitForText(other, '#server', 'Server: ready');
  await waitForText(other, '#advice', '');
  const elsewhere = server.origin.replace('localhost', '127.0.0.1');
  await other.goto(`${server.origin}/call?server=${elsewhere}`);
  await waitForText(other, '#advice', kAsked);
  assert.ok(shown.some(([address, key]) => address.startsWith(server.origin) && key === `Bearer ${kKey}`));
  assert.deepEqual(shown.filter(([address, key]) => address.startsWith(elsewhere) && key !== ''), []);
  await page.context().close();
});

test('the doctor names the key, and looks further once it is there', async () => {
  const { page } = await openPage(browser, `${server.origin}/call?doctor`);
  assert.deepEqual((await examine(page)).failed, ['http.no_key']);
  await page.evaluate(([origin, key]) => sessionStorage.setItem(`antiphon.key ${origin}`, key), [server.origin, kKey]);
  await page.reload();
  const { ok, failed } = await examine(page);
  assert.deepEqual(failed, []);
  for (const leg of ['http', 'websocket', 'webrtc']) assert.ok(ok.includes(leg), leg);
  await page.context().close();
});
