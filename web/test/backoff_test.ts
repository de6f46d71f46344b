import assert from 'node:assert/strict';
import { test } from 'node:test';

import { comesBack, pauseBefore } from '../src/backoff.ts';

test('pauses double up to five seconds, and no two callers come at once', () => {
  const longest = [0, 1, 2, 3, 4, 5, 50].map((attempt) => pauseBefore(attempt, 0, 1));
  assert.deepEqual(longest, [400, 800, 1600, 3200, 5000, 5000, 5000]);
  assert.equal(pauseBefore(0, 0, 0), 200);
});

test('after three minutes it gives up', () => {
  assert.notEqual(pauseBefore(40, 179_999, 0.5), undefined);
  assert.equal(pauseBefore(0, 180_000, 0.5), undefined);
});

test('a restart and a cut line come back; a refusal does not', () => {
  assert.deepEqual([1001, 1006, 1012].map(comesBack), [true, true, true]);
  assert.deepEqual([1000, 1008, 1009, 1011, 1013].map(comesBack), [false, false, false, false, false]);
});
