// The access key of a server that asks for one. It opens everything on that server, so it goes to no other, is
// forgotten with the tab unless it is to be remembered, and each call gets a client secret that opens that call alone.

import type { Backend } from './address.ts';

const kTimeout = 5_000;

/** Under which a server's key is kept: another address has none. */
function nameOf(backend: Backend): string {
  return `antiphon.key ${backend.base}`;
}

function stores(): Storage[] {
  try {
    return [sessionStorage, localStorage];
  } catch {
    return []; // a page opened from disk may have none
  }
}

/** Empty when there is none. */
export function keyOf(backend: Backend): string {
  return stores().map((store) => store.getItem(nameOf(backend)) ?? '').find((key) => key !== '') ?? '';
}

export function isRemembered(backend: Backend): boolean {
  return (stores()[1]?.getItem(nameOf(backend)) ?? '') !== '';
}

export function keepKey(backend: Backend, key: string, remembered: boolean): void {
  stores().forEach((store, index) => {
    try {
      if (key !== '' && (index === 1) === remembered) store.setItem(nameOf(backend), key);
      else store.removeItem(nameOf(backend));
    } catch {
      return; // it is full; the key holds until the page is left
    }
  });
}

/** The header that shows a credential; none for an empty one. */
export function bearer(credential: string): Record<string, string> {
  return credential === '' ? {} : { Authorization: `Bearer ${credential}` };
}

/** What a WebSocket offers, to which no header can be given: the credential goes as a protocol that is never chosen. */
export function protocolsWith(credential: string): string[] {
  return credential === '' ? ['realtime'] : ['realtime', `openai-insecure-api-key.${credential}`];
}

/** Gives what a new call shows; undefined: the server does not take the key. Never rejects. */
export type Passport = () => Promise<string | undefined>;

/** undefined where there is no key. */
export function passportOf(backend: Backend): Passport | undefined {
  const key = keyOf(backend);
  return key === '' ? undefined : () => secretFor(backend, key);
}

/** A client secret for one call. A server that gives none is tried without one. */
async function secretFor(backend: Backend, key: string): Promise<string | undefined> {
  try {
    const answer = await fetch(backend.secrets, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...bearer(key) },
      body: '{}',
      signal: AbortSignal.timeout(kTimeout),
    });
    if (answer.status === 401) return undefined;
    const { value } = (await answer.json()) as { value?: unknown };
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}
