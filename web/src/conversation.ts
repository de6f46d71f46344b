// The page's side of a conversation: server events in, things to do out.
//
// pure. One object is one session; captions may go on from the session before. Who plays and who sends is
// not its business: the methods return the effects in the order in which they are to be done.
//
// While the sound comes over a media line, the server plays it: it says when an answer begins and ends to sound, and
// stops it by itself.

import { Captions } from './captions.ts';
import { messageItem, type AgentState, type ClientEvent, type ServerEvent } from './events.ts';
import { decodePcm } from './pcm.ts';
import type { Position } from './playout_queue.ts';

export type Effect =
  | { kind: 'send'; event: ClientEvent }
  | { kind: 'play'; item: string; samples: Int16Array }
  | { kind: 'finish'; item: string }
  | { kind: 'flush' }
  | { kind: 'notice'; text: string };

export type Activity = 'hearing' | AgentState;

const kNotUnderstood = 'That could not be understood. Please say it again.';

export class Conversation {
  private readonly sounding = new Set<string>(); // answers with sound not known to be played to its end
  private readonly stopped = new Set<string>(); // answers of which no more is wanted
  private readonly itemsOf = new Map<string, Set<string>>(); // by response
  private readonly titlesOf = new Map<string, string[]>(); // of the documents that a response leans on
  private readonly firstItemOf = new Map<string, string>(); // by response, kept for what comes after its end
  language = ''; // which the server has found the caller to speak (BCP 47)
  private announced = { response_id: '', item_id: '' }; // whose sound comes in binary frames
  private active = ''; // the response that the server is making
  private asked = false; // for a response, which waits until the active one is gone
  private typed = 0;
  private hearing = false;
  private thinking = false;
  private line = false;
  private onLine = { response: '', item: '', heard: 0, whole: false }; // what sounds there; milliseconds
  private readonly whole = new Set<string>(); // answers that were heard to their end over the line
  private readonly before = new Map<string, number>(); // milliseconds of an answer that were heard over the line

  constructor(readonly captions = new Captions()) {}

  get activity(): Activity {
    if (this.hearing) return 'hearing';
    if (this.sounding.size > 0) return 'speaking';
    return this.thinking ? 'thinking' : 'listening';
  }

  step(event: ServerEvent): Effect[] {
    switch (event.type) {
      case 'session.created':
      case 'session.updated':
      case 'antiphon.session':
      case 'antiphon.heard':
      case 'antiphon.restarting':
        return [];
      case 'error':
        return [{ kind: 'notice', text: event.message || 'The server refused something, and did not say why.' }];
      case 'input_audio_buffer.speech_started':
        this.hearing = true;
        this.thinking = false;
        this.captions.removeEmpty('caller');
        this.captions.begin(event.item_id, 'caller');
        return this.line ? [] : this.stop(this.sounding);
      case 'input_audio_buffer.speech_stopped':
        this.hearing = false;
        this.thinking = true;
        return [];
      case 'input_audio_buffer.committed':
        this.hearing = false;
        this.thinking = true;
        this.captions.begin(event.item_id, 'caller');
        return [];
      case 'antiphon.partial':
        this.captions.replace(event.item_id, 'caller', event.transcript);
        return [];
      case 'conversation.item.input_audio_transcription.delta':
        this.captions.append(event.item_id, 'caller', event.delta);
        return [];
      case 'conversation.item.input_audio_transcription.completed': {
        this.captions.complete(event.item_id, 'caller', event.transcript);
        const caption = this.captions.get(event.item_id);
        if (caption === undefined) this.thinking = false;
        else if (event.language !== '') caption.language = event.language;
        return [];
      }
      case 'conversation.item.input_audio_transcription.failed':
        this.captions.remove(event.item_id);
        this.thinking = false;
        return [{ kind: 'notice', text: kNotUnderstood }];
      case 'conversation.item.truncated':
        return [{ kind: 'send', event: { type: 'conversation.item.retrieve', item_id: event.item_id } }];
      case 'conversation.item.retrieved':
        if (event.heard !== undefined) this.captions.setHeard(event.item_id, event.heard);
        return [];
      case 'response.created':
        this.active = event.response_id;
        return [];
      case 'response.output_item.added':
        this.announced = event;
        return [];
      case 'response.output_audio_transcript.delta':
        if (this.accepts(event)) this.captions.append(event.item_id, 'assistant', event.delta);
        return [];
      case 'response.output_audio_transcript.done':
        if (this.accepts(event)) this.captions.complete(event.item_id, 'assistant', event.transcript);
        return [];
      case 'response.output_audio.delta': {
        const samples = decodePcm(event.delta);
        return samples === undefined ? [] : this.sound(event, samples);
      }
      case 'response.output_audio.done':
        if (event.item_id === this.onLine.item) this.onLine.whole = true;
        return !this.line && this.sounding.has(event.item_id) ? [{ kind: 'finish', item: event.item_id }] : [];
      case 'response.done':
        return this.responseDone(event);
      case 'output_audio_buffer.started':
        this.startedOnLine(event.response_id);
        return [];
      case 'output_audio_buffer.stopped':
        if (event.response_id === this.onLine.response) this.heardWhole(this.onLine.item);
        return [];
      case 'output_audio_buffer.cleared':
        this.clearedOnLine(event.response_id);
        return [];
      case 'antiphon.words':
        if (!this.stopped.has(event.item_id)) this.captions.addWords(event.item_id, event.words);
        return [];
      case 'antiphon.sources':
        this.titlesOf.set(event.response_id, event.titles);
        this.nameSources(event.response_id);
        return [];
      case 'antiphon.state':
        return this.told(event.state);
      case 'antiphon.language':
        this.language = event.language;
        return [];
      case 'antiphon.turn': {
        const caption = this.captions.get(this.firstItemOf.get(event.response_id) ?? '');
        if (caption !== undefined) caption.times = event.turn;
        return [];
      }
    }
  }

  /** Whether the answers' sound comes over a media line from now on. An answer that sounds goes on over the other way. */
  setLine(line: boolean): void {
    this.line = line;
    const { item, heard, whole } = this.onLine;
    this.onLine = { response: '', item: '', heard: 0, whole: false };
    if (item === '' || !this.sounding.has(item)) return;
    this.before.set(item, heard);
    if (whole) this.heardWhole(item);
  }

  /** So much more was heard over the line. Returns the answer whose caption looks different now. */
  heardOnLine(milliseconds: number): string | undefined {
    const { item } = this.onLine;
    if (!this.sounding.has(item)) return undefined;
    this.onLine.heard += milliseconds;
    return this.captions.setPlayed(item, this.onLine.heard) ? item : undefined;
  }

  /** Sound that came in a binary frame. */
  binary(samples: Int16Array): Effect[] {
    return this.announced.item_id === '' ? [] : this.sound(this.announced, samples);
  }

  /** The caller types instead of speaking; what still sounds gives way. */
  type(text: string): Effect[] {
    const id = `typed_${++this.typed}_${this.captions.all().length}`;
    const effects = this.giveWay();
    this.captions.complete(id, 'caller', text);
    effects.push({ kind: 'send', event: messageItem('caller', text) });
    return [...effects, ...this.ask()];
  }

  /** Push-to-talk: the caller holds the key down and will speak. */
  press(): Effect[] {
    const effects = this.giveWay();
    this.hearing = true;
    this.thinking = false;
    return [...effects, { kind: 'send', event: { type: 'input_audio_buffer.clear' } }];
  }

  /** Push-to-talk: the key was let go. `spoken` false: too soon for anything to have been said. */
  release(spoken: boolean): Effect[] {
    this.hearing = false;
    if (!spoken) return [{ kind: 'send', event: { type: 'input_audio_buffer.clear' } }];
    return [{ kind: 'send', event: { type: 'input_audio_buffer.commit' } }, ...this.ask()];
  }

  /** The playout stopped where the positions say; `rate` is samples per second. */
  flushed(positions: Position[], rate: number): Effect[] {
    const effects: Effect[] = [];
    for (const position of positions) {
      this.sounding.delete(position.item);
      this.stopped.add(position.item);
      if (position.whole && position.unheard === 0) {
        this.captions.settle(position.item); // it had just come to its end
        this.captions.setPlayedWhole(position.item);
        continue;
      }
      this.captions.interrupt(position.item);
      const audio_end_ms = Math.floor((position.played * 1000) / rate + (this.before.get(position.item) ?? 0));
      effects.push({
        kind: 'send',
        event: { type: 'conversation.item.truncate', item_id: position.item, content_index: 0, audio_end_ms },
      });
    }
    return effects;
  }

  /** This much of the answer has been heard. Returns whether its caption looks different now. */
  played(item: string, milliseconds: number): boolean {
    return this.captions.setPlayed(item, milliseconds + (this.before.get(item) ?? 0));
  }

  /** These answers were played to their end. */
  ended(items: string[]): void {
    for (const item of items) {
      this.sounding.delete(item);
      this.captions.setPlayedWhole(item);
    }
  }

  /** It may be sent again to who takes the call over: the server knows only what the line's last report said. */
  private heardWhole(item: string): void {
    this.whole.add(item);
    this.ended([item]);
  }

  private startedOnLine(response: string): void {
    const announced = this.announced.response_id === response ? this.announced.item_id : '';
    const item = announced || ([...(this.itemsOf.get(response) ?? [])][0] ?? '');
    if (!this.line || item === '') return;
    this.onLine = { response, item, heard: 0, whole: false };
    this.sounding.add(item);
    this.thinking = false;
  }

  private clearedOnLine(response: string): void {
    const { item } = this.onLine;
    if (response === '' || response !== this.onLine.response) return;
    this.sounding.delete(item);
    this.stopped.add(item);
    this.captions.interrupt(item);
  }

  private sound(part: { response_id: string; item_id: string }, samples: Int16Array): Effect[] {
    if (!this.accepts(part) || this.whole.has(part.item_id)) return [];
    this.sounding.add(part.item_id);
    this.thinking = false;
    return [{ kind: 'play', item: part.item_id, samples }];
  }

  private told(state: AgentState): Effect[] {
    this.thinking = state === 'thinking';
    if (state !== 'listening') this.hearing = false;
    if (state === 'listening' && !this.hearing) this.captions.removeEmpty('caller');
    return [];
  }

  /** Stops what sounds and what is being made. */
  private giveWay(): Effect[] {
    const effects = this.stop([...this.sounding, ...(this.itemsOf.get(this.active) ?? [])]);
    if (this.active !== '') effects.push({ kind: 'send', event: { type: 'response.cancel' } });
    return effects;
  }

  private ask(): Effect[] {
    this.thinking = true;
    this.asked = this.active !== '';
    return this.asked ? [] : [{ kind: 'send', event: { type: 'response.create' } }];
  }

  private responseDone(event: { response_id: string; status: string; message: string | undefined }): Effect[] {
    const effects: Effect[] = [];
    const items = [...(this.itemsOf.get(event.response_id) ?? [])];
    this.itemsOf.delete(event.response_id);
    if (this.active === event.response_id) this.active = '';
    this.thinking = false;
    if (event.status === 'cancelled') {
      for (const item of items) this.captions.interrupt(item);
      effects.push(...this.stop(items));
    }
    if (event.status === 'failed') {
      effects.push({ kind: 'notice', text: event.message ?? 'The answer failed on the server.' });
    }
    return this.asked ? [...effects, ...this.ask()] : effects;
  }

  /** Nothing more of these answers is taken; what sounds is flushed, unless that was already asked for. */
  private stop(items: Iterable<string>): Effect[] {
    let flush = false;
    for (const item of items) {
      if (!this.line) flush ||= this.sounding.has(item) && !this.stopped.has(item);
      this.stopped.add(item);
    }
    return flush ? [{ kind: 'flush' }] : [];
  }

  /** Whether a piece of an answer is still wanted; remembers whose it is. */
  private accepts(part: { response_id: string; item_id: string }): boolean {
    if (this.stopped.has(part.item_id)) return false;
    const items = this.itemsOf.get(part.response_id) ?? new Set<string>();
    this.itemsOf.set(part.response_id, items.add(part.item_id));
    if (!this.firstItemOf.has(part.response_id)) {
      this.firstItemOf.set(part.response_id, part.item_id);
      if (this.titlesOf.has(part.response_id)) this.captions.begin(part.item_id, 'assistant');
      this.nameSources(part.response_id);
    }
    return true;
  }

  /** Under the answer's caption, as soon as there is one. */
  private nameSources(response: string): void {
    const caption = this.captions.get(this.firstItemOf.get(response) ?? '');
    const titles = this.titlesOf.get(response);
    if (caption !== undefined && titles !== undefined) caption.sources = titles;
  }
}
