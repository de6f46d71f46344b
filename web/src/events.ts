// The events of the OpenAI Realtime API (GA) that the page understands, and the ones it sends.

export type ServerEvent =
  | { type: 'session.created' }
  | { type: 'error'; message: string }
  | { type: 'input_audio_buffer.speech_started'; item_id: string }
  | { type: 'input_audio_buffer.speech_stopped'; item_id: string }
  | { type: 'conversation.item.input_audio_transcription.delta'; item_id: string; delta: string }
  | { type: 'conversation.item.input_audio_transcription.completed'; item_id: string; transcript: string }
  | { type: 'conversation.item.input_audio_transcription.failed'; item_id: string }
  | { type: 'conversation.item.truncated'; item_id: string }
  | { type: 'conversation.item.retrieved'; item_id: string; heard: string | undefined }
  | { type: 'response.output_audio_transcript.delta'; response_id: string; item_id: string; delta: string }
  | { type: 'response.output_audio_transcript.done'; response_id: string; item_id: string; transcript: string }
  | { type: 'response.output_audio.delta'; response_id: string; item_id: string; delta: string }
  | { type: 'response.output_audio.done'; response_id: string; item_id: string }
  | { type: 'response.created'; response_id: string }
  | { type: 'response.done'; response_id: string; status: string; message: string | undefined }
  | { type: 'antiphon.turn'; turn: TurnTimes };

export type ClientEvent =
  | { type: 'session.update'; session: object }
  | { type: 'input_audio_buffer.append'; audio: string }
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
      return { type };
    case 'error':
      return { type, message: string(object(fields['error'])['message']) };
    case 'input_audio_buffer.speech_started':
    case 'input_audio_buffer.speech_stopped':
    case 'conversation.item.input_audio_transcription.failed':
    case 'conversation.item.truncated':
      return { type, item_id };
    case 'conversation.item.input_audio_transcription.delta':
      return { type, item_id, delta };
    case 'conversation.item.input_audio_transcription.completed':
      return { type, item_id, transcript: string(fields['transcript']) };
    case 'conversation.item.retrieved': {
      const item = object(fields['item']);
      return { type, item_id: string(item['id']), heard: spokenText(item['content']) };
    }
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
    case 'antiphon.turn':
      return {
        type,
        turn: {
          speculated: fields['speculated'] === true,
          transcript: seconds(fields['transcript_seconds']),
          first_token: seconds(fields['first_token_seconds']),
          first_clause: seconds(fields['first_clause_seconds']),
          first_sound: seconds(fields['first_sound_seconds']),
          turn_end: seconds(fields['turn_end_seconds']),
          first_audio: seconds(fields['first_audio_seconds']),
        },
      };
    default:
      return undefined;
  }
}

/** What a new session is told; an empty language means that the server finds it out. */
export function sessionUpdate(language: string): ClientEvent {
  const format = { type: 'audio/pcm', rate: 24000 };
  return {
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: ['audio'],
      audio: { input: { format, transcription: { language } }, output: { format } },
    },
  };
}

export function languageUpdate(language: string): ClientEvent {
  return {
    type: 'session.update',
    session: { type: 'realtime', audio: { input: { transcription: { language } } } },
  };
}

/** The text of a spoken answer's item; undefined when the server keeps none. */
function spokenText(content: unknown): string | undefined {
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((part: unknown) => object(part)['transcript']).filter((text) => typeof text === 'string');
  return texts.length > 0 ? texts.join('') : undefined;
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

function seconds(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
