// What the page says, where it depends on how things stand.
//
// pure.

import { isMixedContent, type Backend } from './address.ts';
import type { ConnectionState } from './call.ts';
import type { Activity } from './conversation.ts';
import type { TurnTimes } from './events.ts';
import type { ServerState } from './server_watch.ts';

export const kActivity: Record<Activity, string> = {
  listening: 'Listening',
  hearing: 'Hearing you',
  thinking: 'Thinking',
  speaking: 'Speaking',
};

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

/** Why there is no connection, and what can be done; empty when all is well. */
export function connectionTrouble(
  connection: ConnectionState,
  server: ServerState,
  backend: Backend,
  pageProtocol: string,
): string {
  if (connection === 'lost') return 'The connection was lost. You can start a new call.';
  if (connection !== 'failed') return '';
  if (isMixedContent(pageProtocol, backend)) {
    return 'This page came over https, so the browser refuses a backend over plain http. Give an https address.';
  }
  switch (server.kind) {
    case 'loading':
      return 'The server is still loading its models. Start the call when it is ready.';
    case 'failed':
      return `The server can't take calls: ${server.reason}`;
    case 'ready':
      return `The server at ${backend.base} did not take the call. It may be full, or a proxy before it may not pass WebSockets on.`;
    default:
      return `Nothing answers at ${backend.base}. Check the address, that the server runs, and that no firewall is in the way.`;
  }
}

/** The last turn's times in one line; empty when its first sound was not timed. */
export function timesLine(turn: TurnTimes): string {
  if (turn.first_audio === undefined) return '';
  const stages: [string, number | undefined][] = [
    ['transcript', turn.transcript],
    ['first word', turn.first_token],
    ['first sound', turn.first_sound],
    ['turn end', turn.turn_end],
  ];
  const known = stages.filter((stage): stage is [string, number] => stage[1] !== undefined);
  const detail = known.map(([name, seconds]) => `${name} ${milliseconds(seconds)}`).join(', ');
  const early = turn.speculated ? ', begun early' : '';
  return `Last answer after ${milliseconds(turn.first_audio)}${detail === '' ? '' : ` (${detail}${early})`}`;
}

function milliseconds(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}
