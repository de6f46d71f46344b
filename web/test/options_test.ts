import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kFallbackOptions, parseOptions } from '../src/options.ts';

test('what the server offers', () => {
  const options = parseOptions({
    languages: [{ code: 'cy', name: 'Cymraeg' }, { code: 'xx' }],
    voices: [{ id: 'joe', language: 'en-US' }, { id: 'anna' }],
    agents: [{ name: 'concierge', description: 'Answers for the house' }, { name: 'plain' }],
  });
  assert.deepEqual(options, {
    languages: [{ value: 'cy', name: 'Cymraeg' }, { value: 'xx', name: 'xx' }],
    voices: [{ value: 'joe', name: 'joe (en-US)' }, { value: 'anna', name: 'anna' }],
    agents: [{ value: 'concierge', name: 'concierge: Answers for the house' }, { value: 'plain', name: 'plain' }],
  });
});

test('a server that says nothing, or nonsense, offers the built-in languages', () => {
  const nonsense = { languages: [null, 7, {}], voices: { id: 'x' }, agents: [{ name: 5 }] };
  for (const body of [undefined, null, [], 'no', {}, nonsense]) {
    assert.deepEqual(parseOptions(body), kFallbackOptions, JSON.stringify(body));
  }
});
