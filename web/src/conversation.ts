// The page's side of a conversation: server events in, things to do out.
//
// pure. One object is one call. Who plays and who sends is not its business: step() and flushed() return
// the effects in the order in which they are to be done.

import { Captions } from './captions.ts';
import type { ClientEvent, ServerEvent, TurnTimes } from './events.ts';
import type { Position } from './playout_queue.ts';

export type Effect =
  | { kind: 'send'; event: ClientEvent }
  | { kind: 'play'; item: string; audio: string }
  | { kind: 'finish'; item: string }
  | { kind: 'flush' }
  | { kind: 'times'; turn: TurnTimes }
  | { kind: 'notice'; text: string };

export type Activity = 'listening' | 'hearing' | 'thinking' | 'speaking';

export class Conversation {
  readonly captions = new Captions();
  private readonly sounding = new Set<string>(); // answers with sound not known to be played to its end
  private readonly stopped = new Set<string>(); // answers of which no more is wanted
  private readonly itemsOf = new Map<string, Set<string>>(); // by response
  private hearing = false;
  private thinking = false;

  get activity(): Activity {
    if (this.hearing) return 'hearing';
    if (this.sounding.size > 0) return 'speaking';
    return this.thinking ? 'thinking' : 'listening';
  }

  step(event: ServerEvent): Effect[] {
    switch (event.type) {
      case 'session.created':
        return [];
      case 'error':
        return [{ kind: 'notice', text: event.message || 'The server refused something, and did not say why.' }];
      case 'input_audio_buffer.speech_started':
        this.hearing = true;
        this.thinking = false;
        this.captions.begin(event.item_id, 'caller');
        return this.stop(this.sounding);
      case 'input_audio_buffer.speech_stopped':
        this.hearing = false;
        this.thinking = true;
        return [];
      case 'conversation.item.input_audio_transcription.delta':
        this.captions.append(event.item_id, 'caller', event.delta);
        return [];
      case 'conversation.item.input_audio_transcription.completed':
        this.captions.complete(event.item_id, 'caller', event.transcript);
        if (event.transcript.trim() === '') this.thinking = false;
        return [];
      case 'conversation.item.input_audio_transcription.failed':
        this.captions.remove(event.item_id);
        this.thinking = false;
        return [{ kind: 'notice', text: 'That could not be understood. Please say it again.' }];
      case 'conversation.item.truncated':
        return [{ kind: 'send', event: { type: 'conversation.item.retrieve', item_id: event.item_id } }];
      case 'conversation.item.retrieved':
        if (event.heard !== undefined) this.captions.setHeard(event.item_id, event.heard);
        return [];
      case 'response.created':
        return [];
      case 'response.output_audio_transcript.delta':
        if (this.accepts(event)) this.captions.append(event.item_id, 'assistant', event.delta);
        return [];
      case 'response.output_audio_transcript.done':
        if (this.accepts(event)) this.captions.complete(event.item_id, 'assistant', event.transcript);
        return [];
      case 'response.output_audio.delta':
        if (!this.accepts(event)) return [];
        this.sounding.add(event.item_id);
        this.thinking = false;
        return [{ kind: 'play', item: event.item_id, audio: event.delta }];
      case 'response.output_audio.done':
        return this.sounding.has(event.item_id) ? [{ kind: 'finish', item: event.item_id }] : [];
      case 'response.done':
        return this.responseDone(event);
      case 'antiphon.turn':
        return [{ kind: 'times', turn: event.turn }];
    }
  }

  /** The playout stopped where the positions say; `rate` is samples per second. */
  flushed(positions: Position[], rate: number): Effect[] {
    const effects: Effect[] = [];
    for (const position of positions) {
      this.sounding.delete(position.item);
      this.stopped.add(position.item);
      if (position.whole && position.unheard === 0) {
        this.captions.settle(position.item); // it had just come to its end
        continue;
      }
      this.captions.interrupt(position.item);
      const audio_end_ms = Math.floor((position.played * 1000) / rate);
      effects.push({
        kind: 'send',
        event: { type: 'conversation.item.truncate', item_id: position.item, content_index: 0, audio_end_ms },
      });
    }
    return effects;
  }

  /** These answers were played to their end. */
  ended(items: string[]): void {
    for (const item of items) this.sounding.delete(item);
  }

  private responseDone(event: { response_id: string; status: string; message: string | undefined }): Effect[] {
    this.thinking = false;
    const effects: Effect[] = [];
    const items = [...(this.itemsOf.get(event.response_id) ?? [])];
    this.itemsOf.delete(event.response_id);
    if (event.status === 'cancelled') {
      for (const item of items) this.captions.interrupt(item);
      effects.push(...this.stop(items));
    }
    if (event.status === 'failed') {
      effects.push({ kind: 'notice', text: event.message ?? 'The answer failed on the server.' });
    }
    return effects;
  }

  /** Nothing more of these answers is taken; what sounds is flushed, unless that was already asked for. */
  private stop(items: Iterable<string>): Effect[] {
    let flush = false;
    for (const item of items) {
      flush ||= this.sounding.has(item) && !this.stopped.has(item);
      this.stopped.add(item);
    }
    return flush ? [{ kind: 'flush' }] : [];
  }

  /** Whether a piece of an answer is still wanted; remembers whose it is. */
  private accepts(part: { response_id: string; item_id: string }): boolean {
    if (this.stopped.has(part.item_id)) return false;
    const items = this.itemsOf.get(part.response_id) ?? new Set<string>();
    this.itemsOf.set(part.response_id, items.add(part.item_id));
    return true;
  }
}
