import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

const kMost = 60 * 1024;

for (const name of ['call_interface.html', 'antiphon.js']) {
  test(`${name} has less than 60 KiB compressed`, () => {
    const size = gzipSync(readFileSync(`dist/${name}`)).length;
    assert.ok(size < kMost, `${size} bytes`);
  });
}

test('the page is the widget, and nothing else of its own', () => {
  const page = readFileSync('dist/call_interface.html', 'utf8');
  assert.ok(page.includes(`<script>${readFileSync('dist/antiphon.js', 'utf8')}</script>`));
  assert.equal(page.match(/<script/g)?.length, 1);
});
