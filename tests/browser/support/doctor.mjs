// The connection doctor's page (/call?doctor), as several tests need it.

/** Lets it look, and returns which legs are all right, the codes of what failed, and what was not looked at. */
export async function examine(page) {
  await page.click('#run');
  await page.waitForSelector('#copy:not([disabled])', { timeout: 60_000 });
  return page.$$eval('#legs > li', (rows) => {
    const of = (state, name) => rows.filter((row) => row.classList.contains(state)).map((row) => row.dataset[name]);
    return { ok: of('ok', 'leg'), failed: of('failed', 'code'), skipped: of('skipped', 'leg') };
  });
}
