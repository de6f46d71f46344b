import assert from 'node:assert/strict';
import { test } from 'node:test';

import { languageName } from '../src/language_name.ts';

test('a language is called by its name', () => {
  assert.equal(languageName('de'), 'German');
  assert.equal(languageName('pt-BR'), 'Brazilian Portuguese');
});

test('what is no language stays as it is', () => {
  assert.equal(languageName(''), '');
  assert.equal(languageName('not a tag'), 'not a tag');
});
