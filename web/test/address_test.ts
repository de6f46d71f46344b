import assert from 'node:assert/strict';
import { test } from 'node:test';

import { callAddress, isMixedContent, linkedBackend, ownBackend, parseBackend, type Backend } from '../src/address.ts';

test('addresses as people type them', () => {
  const typed: [string, string][] = [
    ['http://203.0.113.7:8080', 'http://203.0.113.7:8080'],
    ['203.0.113.7:8080', 'http://203.0.113.7:8080'],
    ['localhost', 'http://localhost'],
    [' https://voice.example.org/ ', 'https://voice.example.org'],
    ['https://example.org/voice/call', 'https://example.org/voice'],
    ['wss://voice.example.org', 'https://voice.example.org'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ];
  for (const [text, base] of typed) assert.equal(parseBackend(text)?.base, base, text);
});

test('what is no address is refused', () => {
  for (const text of ['', ' ', 'http://', 'a b', 'ftp://example.org', 'file:///etc', 'http://x:99999']) {
    assert.equal(parseBackend(text), undefined, text);
  }
});

test('the paths and schemes of what is asked', () => {
  assert.deepEqual(parseBackend('https://example.org/voice'), {
    base: 'https://example.org/voice',
    ready: 'https://example.org/voice/ready',
    options: 'https://example.org/voice/options',
    realtime: 'wss://example.org/voice/v1/realtime?model=antiphon',
    calls: 'https://example.org/voice/v1/realtime/calls?model=antiphon',
    ice: 'https://example.org/voice/ice',
    secrets: 'https://example.org/voice/v1/realtime/client_secrets',
  });
});

test('a page from disk looks for a server on the same machine', () => {
  assert.equal(ownBackend({ protocol: 'file:', origin: 'null' }), 'http://localhost:8080');
  assert.equal(ownBackend({ protocol: 'https:', origin: 'https://example.org' }), 'https://example.org');
});

test('only plain http to another machine is mixed content on an https page', () => {
  const mixed = (page: string, text: string): boolean => {
    const backend = parseBackend(text);
    assert.ok(backend);
    return isMixedContent(page, backend);
  };
  assert.equal(mixed('https:', 'http://203.0.113.7'), true);
  assert.equal(mixed('https:', 'http://localhost:8080'), false);
  assert.equal(mixed('https:', 'https://203.0.113.7'), false);
  assert.equal(mixed('http:', 'http://203.0.113.7'), false);
});

test('an agent goes into the call\'s address, whatever its name', () => {
  const backend = parseBackend('https://example.org') as Backend;
  assert.equal(callAddress(backend.realtime, ''), 'wss://example.org/v1/realtime?model=antiphon');
  assert.equal(callAddress(backend.realtime, 'a b&c'), 'wss://example.org/v1/realtime?model=antiphon&agent=a%20b%26c');
});

test('a link may name the server', () => {
  assert.equal(linkedBackend('?server=https%3A%2F%2Fvoice.example.org'), 'https://voice.example.org');
  assert.equal(linkedBackend('?x=1'), '');
});
