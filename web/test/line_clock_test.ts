import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LineClock } from '../src/line_clock.ts';

function run(clock: LineClock, from: number, to: number, level: number): number {
  let heard = 0;
  for (let now = from; now < to; now += 33) heard += clock.step(level, now);
  return heard;
}

test('counts while the line is loud, and in the pauses of a speaker', () => {
  const clock = new LineClock();
  assert.equal(run(clock, 0, 3_000, 0), 0, 'nothing was said yet');
  const said = run(clock, 3_000, 5_000, 0.1);
  assert.ok(Math.abs(said - 2_000) < 100, `${said} ms of 2000`);
  const pause = run(clock, 5_000, 5_500, 0);
  assert.ok(Math.abs(pause - 500) < 100, `${pause} ms of 500`);
  assert.ok(run(clock, 5_500, 9_000, 0) < 300, 'a gap is no part of the answer');
});

test('a page that slept heard nothing', () => {
  const clock = new LineClock();
  clock.step(0.1, 1_000);
  assert.ok(clock.step(0.1, 61_000) <= 100);
});
