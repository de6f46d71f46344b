import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Lifeline } from '../src/lifeline.ts';

const kept = { call_id: 'rtc_1', resume_token: 'resume_x', resume_within_ms: 25_000 };
const frame = (value: number) => new Int16Array(480).fill(value);
const nothing = { complete: true, input_audio_ms: 0, last_client_event_id: '' };

function filled(frames: number): Lifeline {
  const line = new Lifeline();
  line.kept = kept;
  for (let i = 0; i < frames; i++) line.keep(frame(i));
  return line;
}

test('only a kept call has an address', () => {
  const line = new Lifeline();
  assert.equal(line.address('ws://a/v1/realtime?model=m'), undefined);
  line.kept = kept;
  line.took('event_1', 0);
  line.tookSound(0);
  line.tookSound(0);
  const address = new URL(line.address('ws://a/v1/realtime?model=m&agent=x') as string);
  assert.equal(address.pathname, '/v1/realtime');
  assert.deepEqual(Object.fromEntries(address.searchParams), {
    call_id: 'rtc_1',
    resume: 'resume_x',
    last_event_id: 'event_1',
    after_binary: '2',
  });
  line.took('event_2', 0);
  assert.equal(new URL(line.address('ws://a/r') as string).searchParams.get('after_binary'), '0');
});

test('sends the sound that the server has not got, from the middle of a frame', () => {
  const { sound } = filled(5).missed({ ...nothing, input_audio_ms: 50 });
  assert.deepEqual(sound.map((part) => part.length), [240, 480, 480]);
  assert.equal(sound[0]?.[0], 2);
});

test('keeps what was heard, as another server may ask for it, and forgets what is older than 30 s', () => {
  const line = filled(100);
  line.heard(0);
  assert.equal(line.missed({ ...nothing, input_audio_ms: 400 }).sound.length, 80);
  assert.equal(line.missed({ ...nothing, input_audio_ms: 1000 }).sound.length, 50);
  const long = filled(2000);
  const { sound } = long.missed(nothing);
  assert.equal(sound.length, 1500);
  // The server counts on from what it has: the next gap is measured from there.
  long.keep(frame(1));
  const again = long.missed({ ...nothing, input_audio_ms: 30_000 }).sound;
  assert.deepEqual(again.map((part) => part.length), [480]);
});

test('sends the events after the last that the server took', () => {
  const line = filled(0);
  const ids = ['input_audio_buffer.clear', 'input_audio_buffer.commit', 'response.create'].map(
    (type) => line.remember({ type } as { type: 'input_audio_buffer.clear' }).id,
  );
  assert.equal(new Set(ids).size, 3);
  const missed = line.missed({ ...nothing, last_client_event_id: ids[1] as string });
  assert.deepEqual(missed.events.map(({ id }) => id), [ids[2]]);
  assert.deepEqual(line.missed({ ...nothing, last_client_event_id: ids[2] as string }).events, []);
});

test('a server that ends says whether the call can be taken over from another, for longer than from itself', () => {
  const line = filled(1);
  line.restarting(true);
  assert.deepEqual(line.kept, { ...kept, resume_within_ms: 180_000 });
  assert.equal(line.goesOn, true);
  line.restarting(false);
  assert.equal(line.address('ws://a/r'), undefined);
  const never = new Lifeline();
  never.restarting(true);
  assert.equal(never.kept, undefined);
});

test('a connection is dead after four silent seconds, if the server keeps the call', () => {
  const line = new Lifeline();
  line.took('event_1', 0);
  assert.equal(line.dead(60_000), false);
  line.kept = kept;
  assert.equal(line.dead(4_000), false);
  assert.equal(line.dead(4_001), true);
  line.heard(4_000);
  assert.equal(line.dead(8_000), false);
  line.alive(9_000);
  assert.equal(line.dead(13_000), false);
});

/** A line that opens after `before` frames were captured; each `heard` is late by what the ways take. */
function overLine(before: number, late: (second: number) => number, seconds: number, roundTrip = 0): Lifeline {
  const line = filled(before);
  line.lineOpened(0);
  let captured = 0;
  for (let second = 1; second <= seconds; second++) {
    for (const due = second * 1000 + late(second); captured < due; captured += 20) line.keep(frame(0));
    line.heardOverLine(second * 1000, roundTrip, 0);
  }
  return line;
}

const samples = (line: Lifeline, input_audio_ms: number): number =>
  line.missed({ ...nothing, input_audio_ms }).sound.reduce((sum, part) => sum + part.length, 0) / 24;

test('after a media line nothing is lost and at most a fifth of a second is sent twice', () => {
  // 25 frames were captured before the line, 10 s went over it, and the last count came 60 ms late.
  const line = overLine(25, () => 60, 10);
  const again = samples(line, 10_000);
  assert.ok(again >= 60 && again <= 60 + 200, `${again} ms are sent, 60 are missing`);
});

test('of late counts the least late one tells how far the line is behind', () => {
  const line = overLine(25, (second) => (second === 4 ? 40 : 900), 10);
  const again = samples(line, 10_000);
  assert.ok(again >= 900 && again <= 900 + 220, `${again} ms are sent, 900 are missing`);
});

test('a long way is taken off what its counts seem to say', () => {
  const line = overLine(25, () => 700, 10, 600);
  const again = samples(line, 10_000);
  assert.ok(again >= 700 && again <= 700 + 200, `${again} ms are sent, 700 are missing`);
});

test('a line that broke before its first count, and one that never opened', () => {
  const early = filled(25);
  early.lineOpened(0);
  for (let i = 0; i < 25; i++) early.keep(frame(0));
  const again = samples(early, 300);
  assert.ok(again >= 200 && again <= 200 + 220, `${again} ms are sent, 200 are missing`);
  assert.equal(samples(filled(50), 0), 1000, 'all since the click');
});

test('after the line the server counts on from where it was', () => {
  const line = overLine(25, () => 60, 10);
  const again = samples(line, 10_000);
  for (let i = 0; i < 50; i++) line.keep(frame(1));
  line.heard(0); // it has what was sent again, and half a second more
  assert.equal(samples(line, 10_000 + again + 500), 500);
});
