import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseServerEvent } from '../src/events.ts';

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
