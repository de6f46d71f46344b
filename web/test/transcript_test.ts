import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Caption } from '../src/captions.ts';
import { spoken, transcriptJson, transcriptText } from '../src/transcript.ts';

const captions: Caption[] = [
  { id: 'u1', side: 'caller', text: 'Tell me more.', state: 'final', heard: undefined, language: 'en' },
  { id: 'a1', side: 'assistant', text: 'One two three.', state: 'interrupted', heard: 7 },
  { id: 'u2', side: 'caller', text: '', state: 'live', heard: undefined },
];

test('of an interrupted answer only what was heard was said', () => {
  assert.deepEqual(captions.map(spoken), ['Tell me more.', 'One two', '']);
});

test('as text', () => {
  assert.equal(transcriptText(captions, { caller: 'You', assistant: 'Antiphon' }), 'You: Tell me more.\n\nAntiphon: One two […]\n');
});

test('as JSON', () => {
  assert.deepEqual(JSON.parse(transcriptJson(captions, new Date('2026-01-02T03:04:05Z'), 'http://localhost:8080')), {
    began: '2026-01-02T03:04:05.000Z',
    server: 'http://localhost:8080',
    turns: [
      { speaker: 'caller', text: 'Tell me more.', language: 'en' },
      { speaker: 'assistant', text: 'One two', interrupted: true, unheard: 'three.' },
    ],
  });
});
