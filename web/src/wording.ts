// What the page says, where it depends on how things stand.
//
// pure.

import { isMixedContent, type Backend } from './address.ts';
import type { ConnectionState } from './call_options.ts';
import type { Activity } from './conversation.ts';
import type { TurnTimes } from './events.ts';
import type { ServerState } from './server_watch.ts';

export const kActivity: Record<Activity, string> = {
  listening: 'Listening',
  hearing: 'Hearing you',
  thinking: 'Thinking',
  speaking: 'Speaking',
};

/** Before a call. */
export const kInvitation: Record<ServerState['kind'], string> = {
  checking: 'Start the call, then just speak.',
  ready: 'Start the call, then just speak.',
  loading: 'Almost ready',
  failed: 'The server can’t take calls',
  unreachable: 'No server there',
};

export const kInsecure =
  'Browsers give the microphone only to secure pages, and this one came over plain http. Open it over https, ' +
  'or through an SSH tunnel: run “ssh -L 8080:localhost:8080 user@server”, then open http://localhost:8080/call. ' +
  'The page also works when it is saved and opened from disk.';
export const kKeyAsked = 'This server asks for an access key. Put it into the settings.';
export const kOldBrowser = 'This browser can’t capture sound. Please use a current one.';

export function serverLabel(state: ServerState): string {
  switch (state.kind) {
    case 'checking':
      return 'checking…';
    case 'loading':
      return 'loading...';
    case 'ready':
      return 'ready';
    case 'failed':
      return 'failed';
    case 'unreachable':
      return 'not reachable';
  }
}

/** What to do, or to wait for, before a call; empty when nothing stands in its way. */
export function serverAdvice(server: ServerState, backend: Backend | undefined, pageProtocol: string): string {
  if (backend === undefined) return 'Give the address of a server below.';
  switch (server.kind) {
    case 'loading':
      return 'The server is loading its models. That takes a minute or so; this page goes on asking.';
    case 'failed':
      return `It says: ${server.reason}. Its log says more.`;
    case 'unreachable':
      return isMixedContent(pageProtocol, backend) ? kMixed : nothingAnswers(backend);
    default:
      return '';
  }
}

/** Why there is no connection, and what can be done; empty when all is well. */
export function connectionTrouble(
  connection: ConnectionState,
  server: ServerState,
  backend: Backend,
  pageProtocol: string,
): string {
  if (connection === 'lost') return 'The connection was lost. You can start a new call.';
  if (connection !== 'failed') return '';
  if (isMixedContent(pageProtocol, backend)) return kMixed;
  switch (server.kind) {
    case 'loading':
      return 'The server is still loading its models. Start the call when it is ready.';
    case 'failed':
      return `The server can’t take calls: ${server.reason}`;
    case 'ready':
      return `The server at ${backend.base} did not take the call. It may be full, or a proxy before it may not pass WebSockets on.`;
    default:
      return nothingAnswers(backend);
  }
}

/** The steps of an answer that were timed, in the order in which they came about. */
export function stagesOf(turn: TurnTimes): [name: string, seconds: number][] {
  const stages: [string, number | undefined][] = [
    ['Words understood', turn.transcript],
    ['First word thought of', turn.first_token],
    ['First clause', turn.first_clause],
    ['First sound made', turn.first_sound],
    ['Sure that you had finished', turn.turn_end],
    ['First sound sent', turn.first_audio],
  ];
  const known = stages.filter((stage): stage is [string, number] => stage[1] !== undefined);
  return known.sort(([, one], [, other]) => one - other);
}

export function milliseconds(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}

const kMixed = 'This page came over https, so the browser refuses a backend over plain http. Give an https address.';

function nothingAnswers(backend: Backend): string {
  return `Nothing answers at ${backend.base}. Check the address, that the server runs, and that no firewall is in the way.`;
}
