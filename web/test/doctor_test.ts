import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as doctor from '../src/doctor.ts';

const faults = JSON.parse(readFileSync('../docs/connection-legs.json', 'utf8')) as { code: string; leg: string; says: string; advice: string }[];

test('what failed is said in the words of docs/connection-legs.json', () => {
  const finding = doctor.judgeMicrophone(true, 'NotAllowedError');
  const fault = faults.find(({ code }) => code === 'microphone.blocked');
  assert.deepEqual([finding.state, finding.code, finding.says, finding.advice], ['failed', fault?.code, fault?.says, fault?.advice]);
  assert.throws(() => doctor.failed('http', 'http.unheard_of'));
});

test('the microphone', () => {
  assert.equal(doctor.judgeMicrophone(true, '').state, 'ok');
  assert.equal(doctor.judgeMicrophone(false, 'TypeError').code, 'microphone.insecure');
  assert.equal(doctor.judgeMicrophone(true, 'NotFoundError').code, 'microphone.none');
});

test('the server\'s answer', () => {
  const answer = { status: 200, body: { ready: true }, timedOut: false, mixed: false };
  assert.equal(doctor.judgeHttp(answer).state, 'ok');
  assert.equal(doctor.judgeHttp({ ...answer, status: 503, body: { ready: false, failure: 'no model' } }).code, 'http.not_ready');
  assert.equal(doctor.judgeHttp({ ...answer, status: 503, body: { ready: false, failure: 'no model' } }).detail, 'no model');
  for (const body of [undefined, {}, 'Welcome to nginx', null]) assert.equal(doctor.judgeHttp({ ...answer, body }).code, 'http.not_antiphon');
  assert.equal(doctor.judgeHttp({ ...answer, status: 0, body: undefined }).code, 'tcp.refused');
  assert.equal(doctor.judgeHttp({ ...answer, status: 0, body: undefined, timedOut: true }).code, 'tcp.no_answer');
  assert.equal(doctor.judgeHttp({ ...answer, status: 0, body: undefined, mixed: true }).code, 'tls.failed');
});

test('the clock', () => {
  const now = Date.parse('2026-11-23T04:00:00Z');
  assert.equal(doctor.judgeClock('Mon, 23 Nov 2026 04:00:59 GMT', now).state, 'ok');
  assert.equal(doctor.judgeClock('Mon, 23 Nov 2026 03:58:00 GMT', now).code, 'clock.off');
  assert.equal(doctor.judgeClock(null, now).state, 'skipped');
  assert.equal(doctor.judgeClock('yesterday', now).state, 'skipped');
});

test('the servers of /ice are looked at one by one', () => {
  const ice = doctor.iceUrls({
    iceServers: [{ urls: ['stun:a', 'turn:b?transport=tcp'], username: 'u', credential: 'c' }, { urls: 'turns:d' }],
  });
  assert.deepEqual(ice?.stun.map(({ urls }) => urls), ['stun:a']);
  assert.deepEqual(ice?.turn, [{ urls: 'turn:b?transport=tcp', username: 'u', credential: 'c' }, { urls: 'turns:d' }]);
  assert.equal(doctor.iceUrls({}), undefined);
  assert.equal(doctor.iceUrls('nothing'), undefined);
});

test('STUN and TURN', () => {
  const gathered = { url: 'x', candidates: [{ type: 'host', address: '10.0.0.2' }], errors: [], complete: true };
  const seen = { ...gathered, candidates: [{ type: 'srflx', address: '203.0.113.7' }] };
  assert.match(doctor.judgeStun(seen).detail, /203\.0\.113\.7/);
  assert.equal(doctor.judgeStun(gathered).state, 'ok', 'no router in between');
  assert.equal(doctor.judgeStun({ ...gathered, errors: [701] }).code, 'stun.no_answer');
  assert.equal(doctor.judgeStun({ ...gathered, complete: false }).code, 'stun.no_answer');
  assert.equal(doctor.judgeTurn({ ...gathered, candidates: [{ type: 'relay', address: '203.0.113.8' }] }).state, 'ok');
  assert.equal(doctor.judgeTurn({ ...gathered, errors: [701, 401] }).code, 'turn.refused');
  assert.equal(doctor.judgeTurn({ ...gathered, errors: [486] }).code, 'turn.full');
  assert.equal(doctor.judgeTurn(gathered).code, 'turn.no_answer');
});

test('a call that was tried, and its sound', () => {
  const good = { status: 201, created: true, received: true, heard: true };
  assert.equal(doctor.judgeCall(good).state, 'ok');
  assert.equal(doctor.judgeCall({ ...good, status: 503 }).code, 'webrtc.refused');
  const deaf = doctor.judgeCall({ ...good, heard: false });
  assert.deepEqual([deaf.code, deaf.detail], ['webrtc.no_media', 'ours was not heard']);
  assert.equal(doctor.judgeCodec(['audio/PCMU', 'audio/opus']).state, 'ok');
  assert.equal(doctor.judgeCodec(['audio/PCMU']).code, 'codec.none');
});

test('the verdict says what it means for a call', () => {
  const fine = [doctor.ok('http', ''), doctor.ok('webrtc', ''), doctor.skipped('turn', '')];
  assert.match(doctor.verdict(fine), /All is well/);
  assert.match(doctor.verdict([...fine, doctor.failed('webrtc', 'webrtc.no_media')]), /over the WebSocket/);
  assert.match(doctor.verdict([...fine, doctor.failed('websocket', 'websocket.failed')]), /do not work/);
  assert.match(doctor.verdict([...fine, doctor.failed('clock', 'clock.off')]), /Calls work\./);
});

test('the report has a line for each leg', () => {
  const report = doctor.reportOf([doctor.ok('http', 'the server is ready'), doctor.failed('webrtc', 'webrtc.no_media', 'no sound came')], { Server: 'https://a' });
  const lines = report.split('\n');
  assert.equal(lines[0], 'Server: https://a');
  assert.equal(lines[2], 'ok       http       the server is ready');
  assert.match(lines[3] as string, /^failed   webrtc     webrtc\.no_media: .* \(no sound came\)\. Open the media port/);
});
