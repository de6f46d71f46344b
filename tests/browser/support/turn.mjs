// One whole turn in an opened call page, with the spoken question (question.mjs) at its microphone.

import assert from 'node:assert/strict';
import { captions, screenshot, waitForText } from './browser.mjs';
import { kSaid, received } from './question.mjs';
import { wordErrorRate } from './real_server.mjs';

const kTimeout = 60_000;

/**
 * Calls, is understood, is answered, and hangs up. `way` is what the page must say the call goes by at its end; what
 * came by RTP is returned, where the page was opened with keepPeers.
 */
export async function takeTurn(page, way) {
  await waitForText(page, '#server', 'Server: ready', kTimeout);
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: connected', kTimeout);
  await waitForText(page, '#way', way, kTimeout);
  await page.waitForSelector('#captions li.caller.final', { timeout: kTimeout });
  await waitForText(page, '#activity', 'Speaking', kTimeout);
  await screenshot(page, `turn-${way.toLowerCase()}`);
  await page.waitForSelector('#captions li.assistant.final', { timeout: kTimeout });
  await waitForText(page, '#activity', 'Listening', kTimeout);
  const [caller, assistant] = await captions(page);
  // It is the way that is tried here: on a busy machine a word may be lost at the microphone.
  assert.ok(wordErrorRate(kSaid, caller.text) <= 0.4, caller.text);
  assert.match(assistant.text, /\w/);
  assert.equal(await page.textContent('#way'), way);
  const stats = way === 'WebRTC' ? await received(page) : {};
  await page.click('#call');
  await waitForText(page, '#connection', 'Connection: ended');
  return stats;
}
