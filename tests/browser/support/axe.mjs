// What axe-core, the accessibility checker, finds wrong with a page as it stands.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const kSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** One line for each violation; none: an empty list. */
export async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(kSource);
  return page.evaluate(async () => {
    // What is fading in has less contrast than it is going to have.
    const roots = [document, ...[...document.querySelectorAll('antiphon-call')].map(({ shadowRoot }) => shadowRoot)];
    const running = roots.flatMap((root) => root.getAnimations()).filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime));
    await Promise.allSettled(running.map(({ finished }) => finished));
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, any }) => `${id}: ${help} (${JSON.stringify(target)} ${any[0]?.message ?? ''})`));
  });
}
