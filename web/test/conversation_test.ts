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
    { kind: 'play', item: 'a1', samples: new Int16Array([0]) },
  ]);
  assert.deepEqual(conversation.step({ type: 'response.output_audio.delta', ...answer, delta: '?' }), []);
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

const words = [
  { text: 'One', start_ms: 0, end_ms: 200 },
  { text: ' two', start_ms: 200, end_ms: 400 },
  { text: ' three.', start_ms: 400, end_ms: 700 },
];

test('words light up as they are heard, and all of them when the answer was played', () => {
  const conversation = new Conversation();
  conversation.step({ type: 'antiphon.words', item_id: 'a1', words });
  speak(conversation);
  assert.equal(conversation.captions.get('a1')?.lit, 0);
  assert.equal(conversation.played('a1', 250), true);
  assert.equal(conversation.captions.get('a1')?.lit, 'One two'.length);
  assert.equal(conversation.played('a1', 399), false, 'nothing looks different');
  conversation.ended(['a1']);
  assert.equal(conversation.captions.get('a1')?.lit, undefined);
});

test('what was lit when the caller cut in is what was heard, until the server says', () => {
  const conversation = new Conversation();
  conversation.step({ type: 'antiphon.words', item_id: 'a1', words });
  speak(conversation);
  conversation.played('a1', 250);
  conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u2' });
  conversation.flushed([{ item: 'a1', played: 6000, unheard: 9000, whole: false }], 24000);
  assert.equal(conversation.captions.get('a1')?.heard, 'One two'.length);
  conversation.step({ type: 'conversation.item.retrieved', item_id: 'a1', heard: 'One' });
  assert.equal(conversation.captions.get('a1')?.heard, 'One'.length);
});

test('a binary frame belongs to the item announced last, and none is played of a stopped one', () => {
  const conversation = new Conversation();
  const samples = new Int16Array([1, 2]);
  assert.deepEqual(conversation.binary(samples), [], 'nothing was announced');
  conversation.step({ type: 'response.output_item.added', ...answer });
  assert.deepEqual(conversation.binary(samples), [{ kind: 'play', item: 'a1', samples }]);
  assert.equal(conversation.activity, 'speaking');
  conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u2' });
  assert.deepEqual(conversation.binary(samples), []);
});

test('partials replace each other, and the transcript replaces them', () => {
  const conversation = new Conversation();
  conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u1' });
  conversation.step({ type: 'antiphon.partial', item_id: 'u1', transcript: 'what time' });
  conversation.step({ type: 'antiphon.partial', item_id: 'u1', transcript: 'What time is' });
  assert.equal(conversation.captions.get('u1')?.text, 'What time is');
  const completed = { type: 'conversation.item.input_audio_transcription.completed', item_id: 'u1', transcript: 'What time is it?', language: 'en' } as const;
  conversation.step(completed);
  conversation.step({ type: 'antiphon.partial', item_id: 'u1', transcript: 'late' });
  assert.equal(conversation.captions.get('u1')?.text, 'What time is it?');
  assert.equal(conversation.captions.get('u1')?.language, 'en');
});

test('speech that turns out to be nothing leaves no place when the server listens again', () => {
  const conversation = new Conversation();
  conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u1' });
  conversation.step({ type: 'input_audio_buffer.speech_stopped', item_id: 'u1' });
  assert.equal(conversation.activity, 'thinking');
  conversation.step({ type: 'antiphon.state', state: 'listening' });
  assert.equal(conversation.activity, 'listening');
  assert.deepEqual(conversation.captions.all(), []);
});

test('the times of a turn belong to its answer, also when they come after it', () => {
  const conversation = new Conversation();
  speak(conversation);
  conversation.step({ type: 'response.done', response_id: 'r1', status: 'completed', message: undefined });
  const turn = {
    speculated: false, transcript: 0.2, first_token: undefined, first_clause: undefined, first_sound: undefined, turn_end: undefined, first_audio: 0.5,
  };
  conversation.step({ type: 'antiphon.turn', response_id: 'r1', turn });
  assert.equal(conversation.captions.get('a1')?.times?.first_audio, 0.5);
  conversation.step({ type: 'antiphon.turn', response_id: 'unknown', turn });
});

const kinds = (effects: Effect[]): string[] => effects.map((effect) => (effect.kind === 'send' ? effect.event.type : effect.kind));

test('what is typed is asked at once, or when the answer under way is gone', () => {
  const conversation = new Conversation();
  assert.deepEqual(kinds(conversation.type('Hello')), ['conversation.item.create', 'response.create']);
  assert.equal(conversation.activity, 'thinking');
  assert.deepEqual(conversation.captions.all().map(({ text, side, state }) => [text, side, state]), [['Hello', 'caller', 'final']]);
  speak(conversation);
  assert.deepEqual(kinds(conversation.type('Wait')), ['flush', 'response.cancel', 'conversation.item.create']);
  const done = { type: 'response.done', response_id: 'r1', status: 'cancelled', message: undefined } as const;
  assert.deepEqual(kinds(conversation.step(done)), ['response.create']);
  assert.deepEqual(kinds(conversation.step(done)), [], 'asked once');
});

test('push-to-talk: pressing stops the answer and begins anew, letting go asks', () => {
  const conversation = new Conversation();
  speak(conversation);
  assert.deepEqual(kinds(conversation.press()), ['flush', 'response.cancel', 'input_audio_buffer.clear']);
  assert.equal(conversation.activity, 'hearing');
  conversation.flushed([{ item: 'a1', played: 2400, unheard: 100, whole: false }], 24000);
  conversation.step({ type: 'response.done', response_id: 'r1', status: 'cancelled', message: undefined });
  assert.deepEqual(kinds(conversation.release(true)), ['input_audio_buffer.commit', 'response.create']);
  assert.equal(conversation.activity, 'thinking');
  conversation.step({ type: 'input_audio_buffer.committed', item_id: 'u1' });
  assert.equal(conversation.captions.get('u1')?.state, 'live');
  conversation.press();
  assert.deepEqual(kinds(conversation.release(false)), ['input_audio_buffer.clear'], 'a slip of the finger');
  assert.equal(conversation.activity, 'listening');
});

function onLine(): Conversation {
  const conversation = new Conversation();
  conversation.setLine(true);
  conversation.step({ type: 'response.created', response_id: 'r1' });
  conversation.step({ type: 'response.output_item.added', ...answer });
  conversation.step({ type: 'output_audio_buffer.started', response_id: 'r1' });
  conversation.step({ type: 'response.output_audio_transcript.delta', ...answer, delta: 'One two three.' });
  conversation.step({
    type: 'antiphon.words',
    item_id: 'a1',
    words: ['One', ' two', ' three.'].map((text, i) => ({ text, start_ms: i * 500, end_ms: i * 500 + 500 })),
  });
  return conversation;
}

test('over a line the server says when an answer sounds, and time lights its words', () => {
  const conversation = onLine();
  assert.equal(conversation.activity, 'speaking');
  assert.equal(conversation.heardOnLine(100), 'a1');
  assert.equal(conversation.heardOnLine(300), undefined);
  assert.equal(conversation.heardOnLine(200), 'a1');
  assert.equal(conversation.captions.get('a1')?.lit, 'One two'.length);
  assert.deepEqual(conversation.step({ type: 'response.output_audio.done', ...answer }), [], 'nothing is played here');
  conversation.step({ type: 'output_audio_buffer.stopped', response_id: 'r1' });
  assert.equal(conversation.activity, 'listening');
  assert.equal(conversation.captions.get('a1')?.lit, undefined);
  assert.equal(conversation.heardOnLine(100), undefined);
});

test('over a line the caller cuts in, and the server says that it stopped', () => {
  const conversation = onLine();
  conversation.heardOnLine(100);
  assert.deepEqual(conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u2' }), []);
  conversation.step({ type: 'output_audio_buffer.cleared', response_id: 'r1' });
  assert.equal(conversation.captions.get('a1')?.state, 'interrupted');
  assert.deepEqual(conversation.step({ type: 'response.done', response_id: 'r1', status: 'cancelled', message: undefined }), []);
  assert.equal(conversation.activity, 'hearing');
  assert.deepEqual(conversation.step({ type: 'conversation.item.truncated', item_id: 'a1' }), [
    { kind: 'send', event: { type: 'conversation.item.retrieve', item_id: 'a1' } },
  ]);
});

test('what is typed over a line cancels the answer without a flush', () => {
  const conversation = onLine();
  const sent = conversation.type('Hello').map((effect) => (effect.kind === 'send' ? effect.event.type : effect.kind));
  assert.deepEqual(sent, ['response.cancel', 'conversation.item.create']);
});

test('an answer that sounds when the line breaks goes on from where it was heard', () => {
  const conversation = onLine();
  conversation.heardOnLine(600);
  conversation.setLine(false);
  assert.equal(conversation.activity, 'speaking');
  conversation.step({ type: 'response.output_audio.delta', ...answer, delta: 'AAA=' });
  conversation.played('a1', 450);
  assert.equal(conversation.captions.get('a1')?.lit, 'One two three.'.length);
  conversation.step({ type: 'input_audio_buffer.speech_started', item_id: 'u2' });
  const [truncate] = conversation.flushed([{ item: 'a1', played: 240, unheard: 9, whole: false }], 24000);
  assert.equal(truncate?.kind === 'send' && 'audio_end_ms' in truncate.event ? truncate.event.audio_end_ms : -1, 610);
});

test('an answer that was heard to its end is not played again to who takes the call over', () => {
  for (const end of ['output_audio_buffer.stopped', 'response.output_audio.done'] as const) {
    const conversation = onLine();
    conversation.step(end === 'response.output_audio.done' ? { type: end, ...answer } : { type: end, response_id: 'r1' });
    conversation.setLine(false);
    assert.equal(conversation.activity, 'listening', end);
    assert.deepEqual(conversation.step({ type: 'response.output_audio.delta', ...answer, delta: 'AAA=' }), []);
    assert.equal(conversation.activity, 'listening', end);
  }
});

test('the language that was found is the last one told', () => {
  const conversation = new Conversation();
  assert.equal(conversation.language, '');
  conversation.step({ type: 'antiphon.language', language: 'en', confidence: 0.9 });
  conversation.step({ type: 'antiphon.language', language: 'de', confidence: 0.8 });
  assert.equal(conversation.language, 'de');
});
