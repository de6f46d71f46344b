// The connection doctor's judgement: what each leg of the way to a call has shown, in the words that `antiphon check`
// uses as well (docs/connection-legs.json).
//
// pure. doctor_probes.ts goes the way, doctor_view.ts shows it.

import faults from '../../docs/connection-legs.json';

/** In the order in which they are gone. */
export const kLegs = {
  microphone: 'Microphone',
  http: 'DNS, TLS, HTTP',
  clock: 'Clock',
  websocket: 'WebSocket',
  stun: 'STUN',
  turn: 'TURN',
  codec: 'Sound format',
  webrtc: 'UDP, WebRTC',
} as const;

export type Leg = keyof typeof kLegs;

export interface Finding {
  leg: Leg;
  state: 'ok' | 'failed' | 'skipped';
  detail: string;
  /** Of what failed. */
  code: string;
  says: string;
  advice: string;
}

const kClocksApart = 60; // seconds

export function ok(leg: Leg, detail: string): Finding {
  return { leg, state: 'ok', detail, code: '', says: '', advice: '' };
}

export function skipped(leg: Leg, why: string): Finding {
  return { leg, state: 'skipped', detail: why, code: '', says: '', advice: '' };
}

/** Throws for a code that is not in docs/connection-legs.json. */
export function failed(leg: Leg, code: string, detail = ''): Finding {
  const fault = faults.find((one) => one.code === code);
  if (fault === undefined) throw new Error(`There is no fault ${code}.`);
  return { leg, state: 'failed', detail, code, says: fault.says, advice: fault.advice };
}

/** `error`: the name of what getUserMedia threw; empty for a microphone that is there. */
export function judgeMicrophone(secure: boolean, error: string): Finding {
  if (!secure) return failed('microphone', 'microphone.insecure');
  if (error === '') return ok('microphone', 'it can be used');
  const blocked = error === 'NotAllowedError' || error === 'SecurityError';
  return failed('microphone', blocked ? 'microphone.blocked' : 'microphone.none', error);
}

/** What came of GET /ready. A page is not told why nothing came, only whether it took long. */
export interface ReadyAnswer {
  status: number; // 0: none
  body: unknown;
  timedOut: boolean;
  mixed: boolean; // a page over https may not ask a server over http
}

export function judgeHttp({ status, body, timedOut, mixed }: ReadyAnswer): Finding {
  if (mixed) return failed('http', 'tls.failed', 'this page came over https, and the browser asks no server over http');
  if (status === 0 && timedOut) return failed('http', 'tcp.no_answer');
  if (status === 0) return failed('http', 'tcp.refused', 'or the name or the certificate is wrong; the browser does not say which');
  const ready = typeof body === 'object' && body !== null ? (body as { ready?: unknown }).ready : undefined;
  if (ready === true) return ok('http', 'the server is ready');
  if (ready !== false) return failed('http', 'http.not_antiphon', `status ${status}`);
  const { failure } = body as { failure?: unknown };
  return failed('http', 'http.not_ready', typeof failure === 'string' ? failure : '');
}

/** `date`: the header; null where the browser does not show it. `now` in milliseconds. */
export function judgeClock(date: string | null, now: number): Finding {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return skipped('clock', 'the server does not say what time it has');
  const apart = Math.round(Math.abs(theirs - now) / 1000);
  return apart > kClocksApart ? failed('clock', 'clock.off', `${apart} s apart`) : ok('clock', `${apart} s apart`);
}

/** STUN and TURN servers one by one, as GET /ice names them. undefined: it names nothing. */
export function iceUrls(answer: unknown): { stun: RTCIceServer[]; turn: RTCIceServer[] } | undefined {
  const list = typeof answer === 'object' && answer !== null ? (answer as { iceServers?: unknown }).iceServers : undefined;
  if (!Array.isArray(list)) return undefined;
  const single = (list as RTCIceServer[]).flatMap((server) => [server.urls].flat().map((urls) => ({ ...server, urls })));
  return {
    stun: single.filter(({ urls }) => /^stuns?:/.test(urls)),
    turn: single.filter(({ urls }) => /^turns?:/.test(urls)),
  };
}

/** What a browser found out of one STUN or TURN server. */
export interface Gathered {
  url: string;
  candidates: { type: string; address: string }[];
  errors: number[]; // STUN error codes; 701: no answer
  complete: boolean;
}

export function judgeStun({ url, candidates, errors, complete }: Gathered): Finding {
  const seen = candidates.find(({ type }) => type === 'srflx');
  if (seen !== undefined) return ok('stun', `${url} sees us as ${seen.address}`);
  // Without a router in between, what it sees is an address that we have already, and the browser does not say it again.
  if (complete && errors.length === 0) return ok('stun', `${url} sees us as we are`);
  return failed('stun', 'stun.no_answer', url);
}

export function judgeTurn({ url, candidates, errors }: Gathered): Finding {
  const relay = candidates.find(({ type }) => type === 'relay');
  if (relay !== undefined) return ok('turn', `${url} relays by ${relay.address}`);
  if (errors.some((code) => code === 401 || code === 403 || code === 438)) return failed('turn', 'turn.refused', url);
  if (errors.some((code) => code === 486 || code === 508)) return failed('turn', 'turn.full', url);
  return failed('turn', 'turn.no_answer', url);
}

/** How far a call over WebRTC came. `status` of the POST, 0 for none. */
export interface CallTried {
  status: number;
  created: boolean; // session.created came over the data channel
  received: boolean; // sound came
  heard: boolean; // the server has ours
}

export function judgeCall({ status, created, received, heard }: CallTried): Finding {
  if (status !== 201) return failed('webrtc', 'webrtc.refused', status === 0 ? 'no answer' : `status ${status}`);
  if (created && received && heard) return ok('webrtc', 'a call begins, and its sound goes both ways');
  const missing = [
    ...(created ? [] : ['no event came']),
    ...(received ? [] : ['no sound came']),
    ...(heard ? [] : ['ours was not heard']),
  ];
  return failed('webrtc', 'webrtc.no_media', missing.join(', '));
}

export function judgeCodec(mimeTypes: readonly string[]): Finding {
  const opus = mimeTypes.some((type) => type.toLowerCase() === 'audio/opus');
  return opus ? ok('codec', 'Opus') : failed('codec', 'codec.none', mimeTypes.join(', '));
}

/** One sentence for all of it. */
export function verdict(findings: readonly Finding[]): string {
  const names = findings.filter(({ state }) => state === 'failed').map(({ leg }) => leg);
  const broken = new Set(names);
  if (broken.size === 0) return 'All is well: calls work from here.';
  if (broken.has('microphone')) return 'There is no microphone to call with.';
  if (broken.has('http') || broken.has('websocket')) return 'Calls do not work from here.';
  if (broken.has('webrtc') || broken.has('codec')) return 'Calls work, over the WebSocket: WebRTC does not get through.';
  return 'Calls work. Something beside the way is not in order.';
}

/** For somebody who helps. */
export function reportOf(findings: readonly Finding[], about: Record<string, string>): string {
  const heads = Object.entries(about).map(([name, value]) => `${name}: ${value}`);
  const lines = findings.map(({ leg, state, detail, code, says, advice }) => {
    const what = state === 'failed' ? `${code}: ${says}${detail === '' ? '' : ` (${detail})`}. ${advice}.` : detail;
    return `${state.padEnd(9)}${leg.padEnd(11)}${what}`;
  });
  return `${[...heads, '', ...lines].join('\n')}\n`;
}
