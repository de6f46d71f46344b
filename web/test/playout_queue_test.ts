import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PlayoutQueue } from '../src/playout_queue.ts';

const ones = (count: number): Float32Array => new Float32Array(count).fill(1);

function pull(queue: PlayoutQueue, count: number): { sound: number[]; ended: string[] } {
  const block = new Float32Array(count);
  const ended = queue.pull(block);
  return { sound: [...block], ended };
}

test('it waits for the prebuffer, then plays without a gap', () => {
  const queue = new PlayoutQueue(1000, 40, 10);
  queue.push('a', ones(39));
  assert.deepEqual(pull(queue, 4).sound, [0, 0, 0, 0]);
  queue.push('a', ones(1));
  assert.deepEqual(pull(queue, 4).sound, [1, 1, 1, 1]);
  assert.deepEqual(queue.positions(), [{ item: 'a', played: 4, unheard: 36, whole: false }]);
});

test('an answer shorter than the prebuffer is played once it is whole, and its end is told once', () => {
  const queue = new PlayoutQueue(1000, 40, 10);
  queue.push('a', ones(3));
  queue.finish('a');
  assert.deepEqual(pull(queue, 4), { sound: [1, 1, 1, 0], ended: ['a'] });
  assert.deepEqual(pull(queue, 4), { sound: [0, 0, 0, 0], ended: [] });
});

test('running dry is silence, a new prebuffer, and not the end', () => {
  const queue = new PlayoutQueue(1000, 4, 2);
  queue.push('a', ones(4));
  assert.deepEqual(pull(queue, 6), { sound: [1, 1, 1, 1, 0, 0], ended: [] });
  queue.push('a', ones(3));
  assert.deepEqual(pull(queue, 2).sound, [0, 0]);
  queue.push('a', ones(1));
  assert.deepEqual(pull(queue, 2).sound, [1, 1]);
  assert.equal(queue.positions()[0]?.played, 6);
});

test('a flush fades what plays, drops the rest, and counts the fade as played', () => {
  const queue = new PlayoutQueue(1000, 4, 4);
  queue.push('a', ones(100));
  pull(queue, 10);
  assert.deepEqual(queue.flush(), [{ item: 'a', played: 14, unheard: 86, whole: false }]);
  assert.deepEqual(pull(queue, 6).sound, [0.75, 0.5, 0.25, 0, 0, 0]);
  assert.deepEqual(queue.flush(), []);
});

test('a flush before anything sounded fades nothing, and of two answers both are told', () => {
  const queue = new PlayoutQueue(1000, 40, 4);
  queue.push('a', ones(10));
  queue.push('b', ones(10));
  assert.deepEqual(queue.flush(), [
    { item: 'a', played: 0, unheard: 10, whole: false },
    { item: 'b', played: 0, unheard: 10, whole: false },
  ]);
  assert.deepEqual(pull(queue, 4).sound, [0, 0, 0, 0]);
});

test('answers follow each other in order', () => {
  const queue = new PlayoutQueue(1000, 2, 2);
  queue.push('a', ones(3));
  queue.finish('a');
  queue.push('b', new Float32Array([2, 2]));
  queue.finish('b');
  assert.deepEqual(pull(queue, 4), { sound: [1, 1, 1, 2], ended: ['a'] });
  assert.deepEqual(pull(queue, 4), { sound: [2, 0, 0, 0], ended: ['b'] });
});

test('ten minutes is the most that waits', () => {
  const queue = new PlayoutQueue(10, 1, 1);
  queue.push('a', ones(5990));
  queue.push('a', ones(50));
  assert.equal(queue.positions()[0]?.unheard, 6000);
});
