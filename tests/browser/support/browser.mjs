// A real Chromium with a scripted microphone, and what the tests read from the page.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const kChromium = process.env.CHROMIUM ?? '/usr/bin/chromium';

const kQuiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts a browser. `microphone` is a WAV file that it hears once; without one the fake device beeps.
 * `allow` false: the browser denies every permission. `hosts`: names that are this machine. `executable`: another
 * program than the Chromium of the machine. `secure`: origins that get a microphone without TLS. `trust`: hashes of
 * public keys (base64 of SHA-256) whose certificates are taken, whoever has signed them.
 */
export async function startBrowser({ microphone, allow = true, hosts = [], executable = kChromium, secure = [], trust = [] } = {}) {
  const args = [...kQuiet, '--use-fake-device-for-media-stream'];
  args.push(allow ? '--use-fake-ui-for-media-stream' : '--deny-permission-prompts');
  if (microphone !== undefined) args.push(`--use-file-for-fake-audio-capture=${microphone}%noloop`);
  if (hosts.length > 0) args.push(`--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',')}`);
  if (trust.length > 0) args.push(`--ignore-certificate-errors-spki-list=${trust.join(',')}`);
  if (secure.length > 0) args.push(`--unsafely-treat-insecure-origin-as-secure=${secure.join(',')}`);
  try {
    return await chromium.launch({ executablePath: executable, headless: true, args });
  } catch (error) {
    throw new Error(`Chromium did not start from ${kChromium} (apt install chromium, or set CHROMIUM)`, { cause: error });
  }
}

/** A new page, with its address. Returns the page, what it asked for, and the errors in its console. */
export async function openPage(browser, address, { record = false, script, ...look } = {}) {
  const { colorScheme = 'light', width = 1280, height = 800, ...rest } = look;
  const context = await browser.newContext({ colorScheme, viewport: { width, height }, ...rest });
  const page = await context.newPage();
  const requests = [];
  const errors = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  if (record) await page.addInitScript(() => { window.__recordPlayout = { rate: 0, blocks: [] }; });
  if (script !== undefined) await page.addInitScript(script);
  await page.goto(address);
  return { page, requests, errors };
}

const patternOf = (text) => (text instanceof RegExp ? { source: text.source, flags: text.flags } : { equals: text });

export async function waitForText(page, selector, text, timeout = 5_000) {
  await waitForTexts(page, { [selector]: text }, timeout);
}

/** Waits until all of these elements show these texts at the same time. */
export async function waitForTexts(page, texts, timeout = 5_000) {
  const wanted = Object.entries(texts).map(([selector, text]) => [selector, patternOf(text)]);
  const matches = (all) => {
    const panel = document.querySelector('antiphon-call')?.shadowRoot ?? document;
    return all.every(([where, { source, flags, equals }]) => {
      const found = panel.querySelector(where)?.textContent ?? '';
      return equals === undefined ? new RegExp(source, flags).test(found) : found === equals;
    });
  };
  try {
    await page.waitForFunction(matches, wanted, { timeout });
  } catch {
    for (const [selector, text] of Object.entries(texts)) {
      const found = await page.locator(selector).first().textContent({ timeout: 1_000 }).catch(() => 'not there');
      texts[selector] = `${text}, but is "${found}"`;
    }
    const said = Object.entries(texts).map(([selector, text]) => `${selector} should become ${text}`);
    throw new Error(`${said.join('; ')} after ${timeout / 1000} s`);
  }
}

/** From here on every text that the element shows is kept, for what may have passed when it is asked about. */
export async function keepTexts(page, selector) {
  await page.evaluate((where) => {
    const panel = document.querySelector('antiphon-call').shadowRoot;
    window.__shown ??= {};
    const shown = (window.__shown[where] = []);
    const look = () => {
      const text = panel.querySelector(where)?.textContent ?? '';
      if (shown.at(-1) !== text) shown.push(text);
    };
    look();
    new MutationObserver(look).observe(panel, { subtree: true, childList: true, characterData: true });
  }, selector);
}

/** Waits until the element shows this text, or has shown it since keepTexts(). */
export async function waitForShown(page, selector, text, timeout = 5_000) {
  const matches = ([where, { source, flags, equals }]) =>
    window.__shown[where].some((found) => (equals === undefined ? new RegExp(source, flags).test(found) : found === equals));
  try {
    await page.waitForFunction(matches, [selector, patternOf(text)], { timeout });
  } catch {
    const shown = await page.evaluate((where) => window.__shown[where], selector);
    throw new Error(`${selector} should have shown ${text} within ${timeout / 1000} s, but showed "${shown.join('", "')}"`);
  }
}

/**
 * What the page's playout has really played since the call began, up to now. The recording comes in blocks; the
 * second from now on was begun after all that has been played.
 */
export async function playedSound(page) {
  const known = await page.evaluate(() => window.__recordPlayout.blocks.length);
  await page.waitForFunction((count) => window.__recordPlayout.blocks.length >= count, known + 2, { timeout: 5_000 });
  const { rate, base64 } = await page.evaluate(() => {
    const { rate, blocks } = window.__recordPlayout;
    let binary = '';
    for (const block of blocks) {
      const bytes = new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
      for (const byte of bytes) binary += String.fromCharCode(byte);
    }
    return { rate, base64: btoa(binary) };
  });
  const bytes = Buffer.from(base64, 'base64');
  return { rate, samples: Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i)) };
}

/** The captions as they stand: side, state and text. */
export function captions(page) {
  return page.$$eval('#captions > li', (rows) =>
    rows.map((row) => ({
      side: row.classList.contains('caller') ? 'caller' : 'assistant',
      state: ['live', 'final', 'interrupted'].find((state) => row.classList.contains(state)),
      text: row.querySelector('.text').textContent,
      unheard: row.querySelector('.unheard')?.textContent ?? '',
    })),
  );
}

/** Saves a picture when ANTIPHON_SCREENSHOTS names a folder. */
export async function screenshot(page, name) {
  const folder = process.env.ANTIPHON_SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.waitForTimeout(400); // what appears, has appeared
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
