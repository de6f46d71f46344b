// The backend's address, as it is typed and as it is used.
//
// pure.

/** Of a page opened from disk, which has no origin of its own. */
export const kLocalBackend = 'http://localhost:8080';

export interface Backend {
  base: string; // without a slash at its end
  ready: string;
  options: string;
  realtime: string;
  calls: string; // over WebRTC
  ice: string;
  secrets: string; // POST gives a client secret
}

/** What the field holds when nobody has typed anything. */
export function ownBackend(page: { protocol: string; origin: string }): string {
  return /^https?:$/.test(page.protocol) ? page.origin : kLocalBackend;
}

/** undefined when it is no address of a server. A missing scheme is http; ws and wss are understood. */
export function parseBackend(typed: string): Backend | undefined {
  const trimmed = typed.trim();
  if (trimmed === '' || /\s/.test(trimmed)) return undefined;
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`;
  let url: URL;
  try {
    url = new URL(withScheme.replace(/^ws/i, 'http'));
  } catch {
    return undefined;
  }
  if (!/^https?:$/.test(url.protocol)) return undefined;
  const path = url.pathname.replace(/\/+$/, '').replace(/\/call$/, '');
  const base = `${url.protocol}//${url.host}${path}`;
  return {
    base,
    ready: `${base}/ready`,
    options: `${base}/options`,
    realtime: `${base.replace(/^http/, 'ws')}/v1/realtime?model=antiphon`,
    calls: `${base}/v1/realtime/calls?model=antiphon`,
    ice: `${base}/ice`,
    secrets: `${base}/v1/realtime/client_secrets`,
  };
}

/** An address of calls, for one with this agent; empty: the server's own way of answering. */
export function callAddress(address: string, agent: string): string {
  return agent === '' ? address : `${address}&agent=${encodeURIComponent(agent)}`;
}

/** The address that a link gives with `?server=`; empty when it gives none. */
export function linkedBackend(search: string): string {
  return new URLSearchParams(search).get('server')?.trim() ?? '';
}

/** Browsers refuse plain http from an https page, except to the machine itself. */
export function isMixedContent(pageProtocol: string, backend: Backend): boolean {
  const { protocol, hostname } = new URL(backend.base);
  const local = hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]';
  return pageProtocol === 'https:' && protocol === 'http:' && !local;
}
