import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Absence, comesBack, pauseBefore } from '../src/backoff.ts';

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

test('a server that is ready and twice refuses has no such call: it begins anew, unless it was ended there', () => {
  const broken = new Absence(0);
  assert.equal(broken.refused(), undefined);
  assert.equal(broken.refused(), 'anew');
  const ended = new Absence(0, true);
  ended.refused();
  assert.equal(ended.refused(), 'over');
  const restarted = new Absence(0, true);
  restarted.away();
  restarted.refused();
  assert.equal(restarted.refused(), 'anew');
});

test('an absence that something shortens tries soon again', () => {
  const absence = new Absence(1_000);
  const pauses = [0, 1, 2, 3, 4].map(() => absence.pause(2_000, 0) as number);
  assert.ok((pauses[4] as number) > (pauses[0] as number) * 5);
  absence.hurry();
  assert.equal(absence.pause(2_000, 0), pauses[0]);
  assert.equal(absence.lasted(3_000), 2_000);
  assert.equal(absence.pause(10_000_000, 0), undefined);
});
