import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { bearer, isRemembered, keepKey, keyOf, passportOf, protocolsWith } from '../src/access_key.ts';
import { parseBackend, type Backend } from '../src/address.ts';

class Shelf {
  private readonly kept = new Map<string, string>();
  getItem(name: string): string | null {
    return this.kept.get(name) ?? null;
  }
  setItem(name: string, value: string): void {
    this.kept.set(name, value);
  }
  removeItem(name: string): void {
    this.kept.delete(name);
  }
}

const kGlobal = globalThis as unknown as Record<string, unknown>;
const kHere = parseBackend('http://here:8080') as Backend;
const kThere = parseBackend('https://there') as Backend;
const kFetch = globalThis.fetch;

function shelves(): { session: Shelf; local: Shelf } {
  const made = { session: new Shelf(), local: new Shelf() };
  Object.defineProperty(globalThis, 'sessionStorage', { value: made.session, configurable: true });
  Object.defineProperty(globalThis, 'localStorage', { value: made.local, configurable: true });
  return made;
}

afterEach(() => {
  kGlobal['fetch'] = kFetch;
});

test('a key is of one server, and is forgotten with the tab', () => {
  const { local } = shelves();
  keepKey(kHere, 'ak_1', false);
  assert.equal(keyOf(kHere), 'ak_1');
  assert.equal(keyOf(kThere), '', 'another server is not shown it');
  assert.equal(isRemembered(kHere), false);
  assert.equal(local.getItem('antiphon.key http://here:8080'), null);
  keepKey(kHere, '', false);
  assert.equal(keyOf(kHere), '');
});

test('a key that is to be remembered outlives the tab', () => {
  shelves();
  keepKey(kHere, 'ak_1', false);
  keepKey(kHere, 'ak_1', true);
  Object.defineProperty(globalThis, 'sessionStorage', { value: new Shelf(), configurable: true });
  assert.equal(keyOf(kHere), 'ak_1');
  assert.equal(isRemembered(kHere), true);
  keepKey(kHere, 'ak_1', false);
  assert.equal(isRemembered(kHere), false);
});

test('a page without storage has no key', () => {
  Object.defineProperty(globalThis, 'sessionStorage', {
    get: () => {
      throw new Error('denied');
    },
    configurable: true,
  });
  keepKey(kHere, 'ak_1', true);
  assert.equal(keyOf(kHere), '');
  assert.equal(passportOf(kHere), undefined);
});

test('what is shown, and where', () => {
  assert.deepEqual(bearer(''), {});
  assert.deepEqual(bearer('ek_1'), { Authorization: 'Bearer ek_1' });
  assert.deepEqual(protocolsWith(''), ['realtime']);
  assert.deepEqual(protocolsWith('ek_1'), ['realtime', 'openai-insecure-api-key.ek_1']);
});

test('each call gets a secret of its own', async () => {
  shelves();
  assert.equal(passportOf(kHere), undefined, 'without a key nothing is asked for');
  keepKey(kHere, 'ak_1', false);
  const asked: [string, RequestInit][] = [];
  kGlobal['fetch'] = async (address: string, how: RequestInit) => {
    asked.push([address, how]);
    return new Response(JSON.stringify({ value: `ek_${asked.length}` }));
  };
  const passport = passportOf(kHere);
  assert.equal(await passport?.(), 'ek_1');
  assert.equal(await passport?.(), 'ek_2');
  assert.equal(asked[0]?.[0], 'http://here:8080/v1/realtime/client_secrets');
  assert.equal((asked[0]?.[1].headers as Record<string, string>)['Authorization'], 'Bearer ak_1');
});

test('a key that is not taken is told from a server that gives no secrets', async () => {
  shelves();
  keepKey(kHere, 'ak_1', false);
  const answer = async (response: () => Response): Promise<string | undefined> => {
    kGlobal['fetch'] = async () => response();
    return passportOf(kHere)?.();
  };
  assert.equal(await answer(() => new Response('', { status: 401 })), undefined);
  assert.equal(await answer(() => new Response('{}', { status: 404 })), '');
  assert.equal(await answer(() => new Response('nonsense')), '');
  assert.equal(
    await answer(() => {
      throw new TypeError('no network');
    }),
    '',
  );
});
