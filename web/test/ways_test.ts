import assert from 'node:assert/strict';
import { test } from 'node:test';

import { callIdOf, fallbackAfter, firstWay, LineWatch, transportOf } from '../src/ways.ts';

test('the first that says a transport or a time counts; nonsense means the usual', () => {
  assert.equal(transportOf('', 'webrtc'), 'webrtc');
  assert.equal(transportOf('websocket', 'webrtc'), 'websocket');
  assert.equal(transportOf('carrier pigeon'), 'auto');
  assert.equal(fallbackAfter('', '500'), 500);
  for (const said of ['', '-1', 'soon', '1e9', '12345678']) assert.equal(fallbackAfter(said), 3000, said);
});

test('a call begins over WebRTC unless that is not wanted or not there', () => {
  assert.equal(firstWay('auto', true), 'webrtc');
  assert.equal(firstWay('auto', false), 'websocket');
  assert.equal(firstWay('websocket', true), 'websocket');
  assert.equal(firstWay('webrtc', true), 'webrtc');
});

test('the call\'s id is the end of its location', () => {
  assert.equal(callIdOf('/v1/realtime/calls/rtc_1'), 'rtc_1');
  assert.equal(callIdOf('https://a.example/voice/v1/realtime/calls/rtc_1'), 'rtc_1');
  for (const other of ['', '/v1/realtime/calls/', '/v1/realtime/calls/rtc_1/hangup', '/elsewhere/rtc_1']) assert.equal(callIdOf(other), '');
});

test('a line flows with its first packet, and is dead when none has come for two and a half seconds', () => {
  const watch = new LineWatch();
  let now = 0;
  const look = (packets: number, milliseconds: number): void => {
    for (let passed = 0; passed < milliseconds; passed += 200) watch.look(packets, (now += 200));
  };
  look(0, 10_000);
  assert.equal(watch.flows, false);
  assert.equal(watch.dead, false, 'one that never lived');
  look(1, 200);
  assert.equal(watch.flows, true);
  look(1, 2_400);
  assert.equal(watch.dead, false);
  look(2, 200); // a packet of silence
  look(2, 2_400);
  assert.equal(watch.dead, false);
  look(2, 200);
  assert.equal(watch.dead, true);
});

test('a page that slept does not take the line for dead before it has looked again', () => {
  const watch = new LineWatch();
  watch.look(5, 0);
  watch.look(5, 60_000);
  assert.equal(watch.dead, false);
  watch.look(9, 60_200);
  watch.look(9, 60_400);
  assert.equal(watch.dead, false);
});
