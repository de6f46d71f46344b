import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Captions } from '../src/captions.ts';

test('pieces grow a live caption, and the whole text replaces them', () => {
  const captions = new Captions();
  captions.begin('u1', 'caller');
  captions.append('u1', 'caller', 'what is');
  captions.append('u1', 'caller', ' the');
  assert.deepEqual(captions.all(), [{ id: 'u1', side: 'caller', text: 'what is the', state: 'live', heard: undefined }]);
  captions.complete('u1', 'caller', ' What is the time? ');
  assert.deepEqual(captions.all(), [{ id: 'u1', side: 'caller', text: 'What is the time?', state: 'final', heard: undefined }]);
  captions.append('u1', 'caller', 'late');
  assert.equal(captions.get('u1')?.text, 'What is the time?');
});

test('the order is that of the beginnings', () => {
  const captions = new Captions();
  captions.begin('u1', 'caller');
  captions.append('a1', 'assistant', 'Hello');
  captions.complete('u1', 'caller', 'Hi');
  assert.deepEqual(captions.all().map(({ text }) => text), ['Hi', 'Hello']);
});

test('no words, no caption', () => {
  const captions = new Captions();
  captions.begin('u1', 'caller');
  captions.complete('u1', 'caller', '  ');
  captions.begin('u2', 'caller');
  captions.close();
  captions.append('a1', 'assistant', ' ');
  captions.interrupt('a1');
  assert.deepEqual(captions.all(), []);
});

test('an interrupted caption takes no more text and knows what was heard', () => {
  const captions = new Captions();
  captions.append('a1', 'assistant', ' One two three.');
  captions.interrupt('a1');
  captions.append('a1', 'assistant', ' Four.');
  captions.complete('a1', 'assistant', 'One two three. Four.');
  captions.setHeard('a1', 'One two');
  assert.deepEqual(captions.get('a1'), { id: 'a1', side: 'assistant', text: ' One two three.', state: 'interrupted', heard: 8 });
});

test('a heard text that is another text is ignored, and a final caption has no heard text', () => {
  const captions = new Captions();
  captions.append('a1', 'assistant', 'One two');
  captions.setHeard('a1', 'One');
  assert.equal(captions.get('a1')?.heard, undefined);
  captions.interrupt('a1');
  captions.setHeard('a1', 'Two');
  assert.equal(captions.get('a1')?.heard, undefined);
});

test('words are lit by the time in the sound, whatever space stands before the text', () => {
  const captions = new Captions();
  const words = [{ text: ' One', start_ms: 0, end_ms: 100 }, { text: ' two', start_ms: 100, end_ms: 200 }];
  captions.append('a1', 'assistant', ' One two');
  captions.addWords('a1', words);
  captions.setPlayed('a1', -20);
  assert.equal(captions.get('a1')?.lit, 0);
  captions.setPlayed('a1', 0);
  assert.equal(captions.get('a1')?.lit, ' One'.length);
  captions.complete('a1', 'assistant', ' One two');
  captions.setPlayed('a1', 50);
  assert.equal(captions.get('a1')?.lit, 'One'.length, 'the whole text is trimmed');
  captions.setPlayed('a1', 500);
  assert.equal(captions.get('a1')?.lit, 'One two'.length);
  assert.equal(captions.setPlayed('unknown', 5), false);
});

test('a call that ends in the middle of an answer ends its caption where it was heard', () => {
  const captions = new Captions();
  captions.append('a1', 'assistant', 'One two');
  captions.complete('a1', 'assistant', 'One two');
  captions.addWords('a1', [{ text: 'One', start_ms: 0, end_ms: 100 }, { text: ' two', start_ms: 100, end_ms: 200 }]);
  captions.setPlayed('a1', 50);
  captions.append('a2', 'assistant', 'Three');
  captions.close();
  assert.deepEqual(captions.all().map(({ state, heard, lit }) => [state, heard, lit]), [['interrupted', 3, undefined], ['final', undefined, undefined]]);
});
