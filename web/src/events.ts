// The events of the OpenAI Realtime API (GA) that the page understands, and the ones it sends; and the
// server's own, which begin with `antiphon.` and which other servers do not send.

import type { Word } from './captions.ts';
import type { KeptCall, Resumed } from './lifeline.ts';

/** What the page needs to know of a session. */
export interface SessionShown {
  /** The server has Antiphon's own additions, and says how they stand. */
  additions: { partials: boolean; binary_audio: boolean; agent: string; resumable?: boolean } | undefined;
  /** How the server tells turns; null when it does not. Given back when push-to-talk ends. */
  turnDetection: object | null | undefined;
}

export type AgentState = 'listening' | 'thinking' | 'speaking';

export type ServerEvent =
  | { type: 'session.created' | 'session.updated'; session: SessionShown }
  | { type: 'error'; message: string }
  | { type: 'input_audio_buffer.speech_started'; item_id: string }
  | { type: 'input_audio_buffer.speech_stopped'; item_id: string }
  | { type: 'input_audio_buffer.committed'; item_id: string }
  | { type: 'conversation.item.input_audio_transcription.delta'; item_id: string; delta: string }
  | { type: 'conversation.item.input_audio_transcription.completed'; item_id: string; transcript: string; language: string }
  | { type: 'conversation.item.input_audio_transcription.failed'; item_id: string }
  | { type: 'conversation.item.truncated'; item_id: string }
  | { type: 'conversation.item.retrieved'; item_id: string; heard: string | undefined }
  | { type: 'response.output_item.added'; response_id: string; item_id: string }
  | { type: 'response.output_audio_transcript.delta'; response_id: string; item_id: string; delta: string }
  | { type: 'response.output_audio_transcript.done'; response_id: string; item_id: string; transcript: string }
  | { type: 'response.output_audio.delta'; response_id: string; item_id: string; delta: string }
  | { type: 'response.output_audio.done'; response_id: string; item_id: string }
  | { type: 'response.created'; response_id: string }
  | { type: 'response.done'; response_id: string; status: string; message: string | undefined }
  | { type: 'output_audio_buffer.started' | 'output_audio_buffer.stopped' | 'output_audio_buffer.cleared'; response_id: string }
  | { type: 'antiphon.session'; kept: KeptCall; resumed: Resumed | undefined }
  | { type: 'antiphon.heard'; input_audio_ms: number }
  | { type: 'antiphon.restarting'; resumable: boolean }
  | { type: 'antiphon.partial'; item_id: string; transcript: string }
  | { type: 'antiphon.words'; item_id: string; words: Word[] }
  | { type: 'antiphon.sources'; response_id: string; titles: string[] }
  | { type: 'antiphon.state'; state: AgentState }
  | { type: 'antiphon.language'; language: string; confidence: number }
  | { type: 'antiphon.turn'; response_id: string; turn: TurnTimes };

export type ClientEvent =
  | { type: 'session.update'; session: object }
  | { type: 'input_audio_buffer.append'; audio: string }
  | { type: 'input_audio_buffer.commit' | 'input_audio_buffer.clear' }
  | { type: 'response.create' | 'response.cancel' }
  | { type: 'conversation.item.create'; item: object }
  | { type: 'conversation.item.truncate'; item_id: string; content_index: 0; audio_end_ms: number }
  | { type: 'conversation.item.retrieve'; item_id: string };

/** Seconds from the end of the caller's speech; undefined where it did not come to it. */
export interface TurnTimes {
  speculated: boolean;
  transcript: number | undefined;
  first_token: number | undefined;
  first_clause: number | undefined;
  first_sound: number | undefined;
  turn_end: number | undefined;
  first_audio: number | undefined;
}

type Fields = Record<string, unknown>;

/** undefined: not an event, or one that the page has no use for. */
export function parseServerEvent(text: string): ServerEvent | undefined {
  let fields: Fields;
  try {
    const value: unknown = JSON.parse(text);
    if (!isFields(value)) return undefined;
    fields = value;
  } catch {
    return undefined;
  }
  const item_id = string(fields['item_id']);
  const response_id = string(fields['response_id']);
  const delta = string(fields['delta']);
  const type = fields['type'];
  switch (type) {
    case 'session.created':
    case 'session.updated':
      return { type, session: sessionShown(object(fields['session'])) };
    case 'error':
      return { type, message: string(object(fields['error'])['message']) };
    case 'input_audio_buffer.speech_started':
    case 'input_audio_buffer.speech_stopped':
    case 'input_audio_buffer.committed':
    case 'conversation.item.input_audio_transcription.failed':
    case 'conversation.item.truncated':
      return { type, item_id };
    case 'conversation.item.input_audio_transcription.delta':
      return { type, item_id, delta };
    case 'conversation.item.input_audio_transcription.completed':
      return { type, item_id, transcript: string(fields['transcript']), language: string(fields['antiphon.language']) };
    case 'conversation.item.retrieved': {
      const item = object(fields['item']);
      return { type, item_id: string(item['id']), heard: spokenText(item['content']) };
    }
    case 'response.output_item.added':
      return { type, response_id, item_id: string(object(fields['item'])['id']) };
    case 'response.output_audio_transcript.delta':
    case 'response.output_audio.delta':
      return { type, response_id, item_id, delta };
    case 'response.output_audio_transcript.done':
      return { type, response_id, item_id, transcript: string(fields['transcript']) };
    case 'response.output_audio.done':
      return { type, response_id, item_id };
    case 'response.created':
      return { type, response_id: string(object(fields['response'])['id']) };
    case 'response.done': {
      const response = object(fields['response']);
      const error = object(object(response['status_details'])['error']);
      return {
        type,
        response_id: string(response['id']),
        status: string(response['status']),
        message: typeof error['message'] === 'string' ? error['message'] : undefined,
      };
    }
    case 'output_audio_buffer.started':
    case 'output_audio_buffer.stopped':
    case 'output_audio_buffer.cleared':
      return { type, response_id };
    case 'antiphon.session':
      return {
        type,
        kept: {
          call_id: string(fields['call_id']),
          resume_token: string(fields['resume_token']),
          resume_within_ms: number(fields['resume_within_ms']) ?? 0,
        },
        resumed:
          fields['resumed'] === true
            ? {
                complete: fields['complete'] === true,
                input_audio_ms: number(fields['input_audio_ms']) ?? 0,
                last_client_event_id: string(fields['last_client_event_id']),
              }
            : undefined,
      };
    case 'antiphon.heard':
      return { type, input_audio_ms: number(fields['input_audio_ms']) ?? 0 };
    case 'antiphon.restarting':
      return { type, resumable: fields['resumable'] === true };
    case 'antiphon.partial':
      return { type, item_id, transcript: string(fields['transcript']) };
    case 'antiphon.words':
      return { type, item_id, words: wordsOf(fields['words']) };
    case 'antiphon.sources': {
      const list: unknown[] = Array.isArray(fields['sources']) ? fields['sources'] : [];
      return { type, response_id, titles: list.map((entry) => string(object(entry)['title'])).filter((title) => title !== '') };
    }
    case 'antiphon.state': {
      const state = fields['state'];
      return state === 'listening' || state === 'thinking' || state === 'speaking' ? { type, state } : undefined;
    }
    case 'antiphon.language':
      return { type, language: string(fields['language']), confidence: number(fields['confidence']) ?? 0 };
    case 'antiphon.turn':
      return {
        type,
        response_id,
        turn: {
          speculated: fields['speculated'] === true,
          transcript: number(fields['transcript_seconds']),
          first_token: number(fields['first_token_seconds']),
          first_clause: number(fields['first_clause_seconds']),
          first_sound: number(fields['first_sound_seconds']),
          turn_end: number(fields['turn_end_seconds']),
          first_audio: number(fields['first_audio_seconds']),
        },
      };
    default:
      return undefined;
  }
}

/** The `event_id` of an event, which the server writes near its beginning; empty when there is none. */
export function eventIdOf(text: string): string {
  return /^\{(?:"type":"[^"]*",)?"event_id":"([^"]*)"/.exec(text)?.[1] ?? '';
}

const kFormat = { type: 'audio/pcm', rate: 24000 };

/**
 * What a new session is told first; an empty language means that the server finds it out. The additions are
 * asked for only where the server showed that it has them: another one would refuse the whole event.
 */
export function sessionUpdate(language: string, shown: SessionShown): ClientEvent {
  return {
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: ['audio'],
      audio: { input: { format: kFormat, transcription: { language } }, output: { format: kFormat } },
      ...(shown.additions === undefined ? {} : { antiphon: wishes(shown.additions.resumable !== undefined) }),
    },
  };
}

/** The session that goes with an offer: all at once what a new WebSocket is told bit by bit. */
export function offeredSession(language: string, { voice, speed, instructions }: Manner, pushToTalk: boolean): object {
  const told = instructions.trim();
  const detection = pushToTalk ? { turn_detection: null } : {};
  const output = { format: kFormat, ...(voice === '' ? {} : { voice }), ...(speed === 1 ? {} : { speed }) };
  return {
    type: 'realtime',
    output_modalities: ['audio'],
    audio: { input: { format: kFormat, transcription: { language }, ...detection }, output },
    ...(told === '' ? {} : { instructions: told }),
    antiphon: { partials: true, resumable: true },
  };
}

/** What a call that has come from a media line is told, so that its sound needs a third less. */
export function binaryUpdate(): ClientEvent {
  return { type: 'session.update', session: { type: 'realtime', antiphon: { binary_audio: true } } };
}

/** A server that does not know a wish refuses the whole event. */
function wishes(keeps: boolean): object {
  return { partials: true, binary_audio: true, ...(keeps ? { resumable: true } : {}) };
}

export function languageUpdate(language: string): ClientEvent {
  return inputUpdate({ transcription: { language } });
}

export function turnDetectionUpdate(detection: object | null): ClientEvent {
  return inputUpdate({ turn_detection: detection });
}

/** How the answers are to be; empty fields leave it to the server. */
export interface Manner {
  voice: string;
  speed: number;
  instructions: string;
}

/** undefined when nothing differs from what the server does by itself. */
export function mannerUpdate({ voice, speed, instructions }: Manner): ClientEvent | undefined {
  const output = { ...(voice === '' ? {} : { voice }), ...(speed === 1 ? {} : { speed }) };
  const told = instructions.trim();
  if (Object.keys(output).length === 0 && told === '') return undefined;
  return {
    type: 'session.update',
    session: {
      type: 'realtime',
      ...(Object.keys(output).length === 0 ? {} : { audio: { output } }),
      ...(told === '' ? {} : { instructions: told }),
    },
  };
}

export function speedUpdate(speed: number): ClientEvent {
  return { type: 'session.update', session: { type: 'realtime', audio: { output: { speed } } } };
}

/** What a running session can still take over; a voice stays the one that has spoken. */
export function mannerChanges(before: Manner, now: Manner): ClientEvent[] {
  const update = mannerUpdate({
    voice: now.voice === before.voice ? '' : now.voice,
    speed: 1,
    instructions: now.instructions === before.instructions ? '' : now.instructions,
  });
  return [...(now.speed === before.speed ? [] : [speedUpdate(now.speed)]), ...(update === undefined ? [] : [update])];
}

/** A message in words, of either side. */
export function messageItem(side: 'caller' | 'assistant', text: string): ClientEvent {
  const [role, type] = side === 'caller' ? ['user', 'input_text'] : ['assistant', 'output_text'];
  return { type: 'conversation.item.create', item: { type: 'message', role, content: [{ type, text }] } };
}

function inputUpdate(input: object): ClientEvent {
  return { type: 'session.update', session: { type: 'realtime', audio: { input } } };
}

function sessionShown(session: Fields): SessionShown {
  const additions = session['antiphon'];
  const detection = object(object(session['audio'])['input'])['turn_detection'];
  return {
    additions: isFields(additions)
      ? {
          partials: additions['partials'] === true,
          binary_audio: additions['binary_audio'] === true,
          agent: string(additions['agent']),
          ...(typeof additions['resumable'] === 'boolean' ? { resumable: additions['resumable'] } : {}),
        }
      : undefined,
    turnDetection: isFields(detection) || detection === null ? detection : undefined,
  };
}

/** The text of a spoken answer's item; undefined when the server keeps none. */
function spokenText(content: unknown): string | undefined {
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((part: unknown) => object(part)['transcript']).filter((text) => typeof text === 'string');
  return texts.length > 0 ? texts.join('') : undefined;
}

function wordsOf(list: unknown): Word[] {
  if (!Array.isArray(list)) return [];
  return list.map((entry: unknown) => {
    const { text, start_ms, end_ms } = object(entry);
    return { text: string(text), start_ms: number(start_ms) ?? 0, end_ms: number(end_ms) ?? 0 };
  });
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
