import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventIdOf, mannerUpdate, messageItem, parseServerEvent, sessionUpdate } from '../src/events.ts';

test('what is no event, or none that the page needs, is nothing', () => {
  for (const text of ['', '{', 'null', '[]', '7', '{}', '{"type":7}', '{"type":"rate_limits.updated"}']) {
    assert.equal(parseServerEvent(text), undefined, text);
  }
});

test('fields of a wrong type are read as empty, so that they cannot break the page', () => {
  assert.deepEqual(parseServerEvent('{"type":"response.output_audio.delta","delta":5,"item_id":null}'), {
    type: 'response.output_audio.delta',
    response_id: '',
    item_id: '',
    delta: '',
  });
  assert.deepEqual(parseServerEvent('{"type":"error","error":"no"}'), { type: 'error', message: '' });
});

test('a failed response brings its reason', () => {
  const event = {
    type: 'response.done',
    response: { id: 'resp_1', status: 'failed', status_details: { type: 'failed', error: { message: 'Too busy.' } } },
  };
  assert.deepEqual(parseServerEvent(JSON.stringify(event)), {
    type: 'response.done',
    response_id: 'resp_1',
    status: 'failed',
    message: 'Too busy.',
  });
});

test('a retrieved answer brings the text that was kept, none if there is none', () => {
  const retrieved = (part: object): string =>
    JSON.stringify({ type: 'conversation.item.retrieved', item: { id: 'a1', content: [part] } });
  assert.deepEqual(parseServerEvent(retrieved({ type: 'output_audio', transcript: 'One two' })), {
    type: 'conversation.item.retrieved',
    item_id: 'a1',
    heard: 'One two',
  });
  assert.deepEqual(parseServerEvent(retrieved({ type: 'output_audio', transcript: null })), {
    type: 'conversation.item.retrieved',
    item_id: 'a1',
    heard: undefined,
  });
});

test('the times of a turn may be missing one by one', () => {
  assert.deepEqual(parseServerEvent('{"type":"antiphon.turn","speculated":true,"first_audio_seconds":0.6,"transcript_seconds":null}'), {
    type: 'antiphon.turn',
    response_id: '',
    turn: {
      speculated: true,
      transcript: undefined,
      first_token: undefined,
      first_clause: undefined,
      first_sound: undefined,
      turn_end: undefined,
      first_audio: 0.6,
    },
  });
});

test('a session shows whether the server has the additions', () => {
  const created = (session: object): unknown => parseServerEvent(JSON.stringify({ type: 'session.created', session }));
  const turn_detection = { type: 'server_vad', threshold: 0.4 };
  assert.deepEqual(created({ audio: { input: { turn_detection } }, antiphon: { partials: false, binary_audio: true, agent: 'x' } }), {
    type: 'session.created',
    session: { additions: { partials: false, binary_audio: true, agent: 'x' }, turnDetection: turn_detection },
  });
  assert.deepEqual(created({}), { type: 'session.created', session: { additions: undefined, turnDetection: undefined } });
});

test('the additions are asked for only where the server has them', () => {
  const asked = (additions: { partials: boolean; binary_audio: boolean; agent: string } | undefined): object =>
    (sessionUpdate('sv', { additions, turnDetection: undefined }) as { session: object }).session;
  assert.equal('antiphon' in asked(undefined), false);
  assert.deepEqual((asked({ partials: false, binary_audio: false, agent: '' }) as { antiphon: object }).antiphon, { partials: true, binary_audio: true });
});

test('a call is asked to be kept only where the server can', () => {
  const additions = { partials: false, binary_audio: false, agent: '', resumable: false };
  const { session } = sessionUpdate('sv', { additions, turnDetection: undefined }) as { session: { antiphon: object } };
  assert.deepEqual(session.antiphon, { partials: true, binary_audio: true, resumable: true });
});

test('how a call is taken over, and that it was', () => {
  const kept = { call_id: 'rtc_1', resume_token: 't', resume_within_ms: 25000 };
  const told = (more: object): unknown => parseServerEvent(JSON.stringify({ type: 'antiphon.session', ...kept, ...more }));
  assert.deepEqual(told({ resumed: false }), { type: 'antiphon.session', kept, resumed: undefined });
  assert.deepEqual(told({ resumed: true, complete: true, input_audio_ms: 40, last_client_event_id: null }), {
    type: 'antiphon.session',
    kept,
    resumed: { complete: true, input_audio_ms: 40, last_client_event_id: '' },
  });
  assert.deepEqual(parseServerEvent('{"type":"antiphon.heard","event_id":"e","input_audio_ms":7}'), {
    type: 'antiphon.heard',
    input_audio_ms: 7,
  });
});

test('the id of an event is its own, not one that it speaks of', () => {
  assert.equal(eventIdOf('{"type":"error","event_id":"event_1","error":{"event_id":"mine"}}'), 'event_1');
  assert.equal(eventIdOf('{"type":"error","error":{"event_id":"mine"}}'), '');
});

test('only what differs from the server\'s own manner is sent', () => {
  assert.equal(mannerUpdate({ voice: '', speed: 1, instructions: ' ' }), undefined);
  assert.deepEqual(mannerUpdate({ voice: 'v', speed: 1.2, instructions: ' Be brief. ' }), {
    type: 'session.update',
    session: { type: 'realtime', audio: { output: { voice: 'v', speed: 1.2 } }, instructions: 'Be brief.' },
  });
  assert.deepEqual(mannerUpdate({ voice: '', speed: 1, instructions: 'Be brief.' }), {
    type: 'session.update',
    session: { type: 'realtime', instructions: 'Be brief.' },
  });
});

test('messages in words are of the right role and kind', () => {
  const item = (side: 'caller' | 'assistant'): object => (messageItem(side, 'x') as { item: object }).item;
  assert.deepEqual(item('caller'), { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }] });
  assert.deepEqual(item('assistant'), { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'x' }] });
});

test('words and states of a wrong shape do no harm', () => {
  assert.deepEqual(parseServerEvent('{"type":"antiphon.words","item_id":"a1","words":[{"text":"Hi","start_ms":"0"},7]}'), {
    type: 'antiphon.words',
    item_id: 'a1',
    words: [{ text: 'Hi', start_ms: 0, end_ms: 0 }, { text: '', start_ms: 0, end_ms: 0 }],
  });
  assert.equal(parseServerEvent('{"type":"antiphon.state","state":"dancing"}'), undefined);
  const language = parseServerEvent('{"type":"antiphon.language","language":"de","confidence":0.93}');
  assert.deepEqual(language, { type: 'antiphon.language', language: 'de', confidence: 0.93 });
  assert.deepEqual(parseServerEvent('{"type":"antiphon.language","language":7}'), { type: 'antiphon.language', language: '', confidence: 0 });
});
