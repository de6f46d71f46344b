import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Conversation, type Effect } from '../src/conversation.ts';

const answer = { response_id: 'r1', item_id: 'a1' };

function speak(conversation: Conversation): void {
  conversation.step({ type: 'response.created', response_id: 'r1' });
  conversation.step({ type: 'response.output_audio_transcript.delta', ...answer, delta: 'One two three.' });
  conversation.step({ type: 'response.output_audio.delta', ...answer, delta: 'AAA=' });
}

test('a turn goes from listening to speaking and back', () => {
  const conversation = new Conversation();
  assert.equal(conversation.activity, 'listening');
  conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u1' });
  assert.equal(conversation.activity, 'hearing');
  conversation.step({ type: 'input_audio_buffer.speech_stopped', item_id: 'u1' });
  assert.equal(conversation.activity, 'thinking');
  speak(conversation);
  assert.equal(conversation.activity, 'speaking');
  assert.deepEqual(conversation.step({ type: 'response.output_audio.done', ...answer }), [{ kind: 'finish', item: 'a1' }]);
  conversation.step({ type: 'response.done', response_id: 'r1', status: 'completed', message: undefined });
  assert.equal(conversation.activity, 'speaking', 'what was sent still plays');
  conversation.ended(['a1']);
  assert.equal(conversation.activity, 'listening');
});

test('sound is handed on as it comes', () => {
  const conversation = new Conversation();
  assert.deepEqual(conversation.step({ type: 'response.output_audio.delta', ...answer, delta: 'AAA=' }), [
    { kind: 'play', item: 'a1', audio: 'AAA=' },
  ]);
});

test('the caller cuts in: flush once, truncate where it was heard, drop what still comes', () => {
  const conversation = new Conversation();
  speak(conversation);
  assert.deepEqual(conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u2' }), [{ kind: 'flush' }]);
  assert.deepEqual(conversation.step({ type: 'response.output_audio.delta', ...answer, delta: 'AAA=' }), []);
  conversation.step({ type: 'response.output_audio_transcript.delta', ...answer, delta: ' Four.' });
  const done = { type: 'response.done', response_id: 'r1', status: 'cancelled', message: undefined } as const;
  assert.deepEqual(conversation.step(done), [], 'it was flushed already');
  const truncate: Effect = {
    kind: 'send',
    event: { type: 'conversation.item.truncate', item_id: 'a1', content_index: 0, audio_end_ms: 208 },
  };
  assert.deepEqual(conversation.flushed([{ item: 'a1', played: 5000, unheard: 100, whole: false }], 24000), [truncate]);
  assert.equal(conversation.captions.get('a1')?.state, 'interrupted');
  assert.equal(conversation.captions.get('a1')?.text, 'One two three.');
  assert.deepEqual(conversation.step({ type: 'conversation.item.truncated', item_id: 'a1' }), [
    { kind: 'send', event: { type: 'conversation.item.retrieve', item_id: 'a1' } },
  ]);
  conversation.step({ type: 'conversation.item.retrieved', item_id: 'a1', heard: 'One two' });
  assert.equal(conversation.captions.get('a1')?.heard, 7);
});

test('cutting in during the server\'s pause between two sentences truncates too', () => {
  const conversation = new Conversation();
  speak(conversation);
  conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u2' });
  const effects = conversation.flushed([{ item: 'a1', played: 2400, unheard: 0, whole: false }], 24000);
  assert.equal(effects.length, 1);
});

test('an answer that had just come to its end is not interrupted', () => {
  const conversation = new Conversation();
  speak(conversation);
  conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u2' });
  assert.deepEqual(conversation.flushed([{ item: 'a1', played: 2400, unheard: 0, whole: true }], 24000), []);
  assert.equal(conversation.captions.get('a1')?.state, 'final');
});

test('speech while nothing sounds flushes nothing', () => {
  const conversation = new Conversation();
  assert.deepEqual(conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u1' }), []);
  speak(conversation);
  conversation.ended(['a1']);
  assert.deepEqual(conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u2' }), []);
});

test('an answer that the server cancels by itself stops sounding', () => {
  const conversation = new Conversation();
  speak(conversation);
  const effects = conversation.step({ type: 'response.done', response_id: 'r1', status: 'cancelled', message: undefined });
  assert.deepEqual(effects, [{ kind: 'flush' }]);
  assert.equal(conversation.captions.get('a1')?.state, 'interrupted');
});

test('errors and failures become notices', () => {
  const conversation = new Conversation();
  assert.deepEqual(conversation.step({ type: 'error', message: 'Too many calls.' }), [{ kind: 'notice', text: 'Too many calls.' }]);
  const failed = conversation.step({ type: 'response.done', response_id: 'r1', status: 'failed', message: 'No voice.' });
  assert.deepEqual(failed, [{ kind: 'notice', text: 'No voice.' }]);
  const unheard = conversation.step({ type: 'conversation.item.input_audio_transcription.failed', item_id: 'u1' });
  assert.equal(unheard[0]?.kind, 'notice');
});

test('noise without words leaves no caption and no waiting', () => {
  const conversation = new Conversation();
  conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u1' });
  conversation.step({ type: 'input_audio_buffer.speech_stopped', item_id: 'u1' });
  conversation.step({ type: 'conversation.item.input_audio_transcription.completed', item_id: 'u1', transcript: '', language: '' });
  assert.equal(conversation.activity, 'listening');
  assert.deepEqual(conversation.captions.all(), []);
});
