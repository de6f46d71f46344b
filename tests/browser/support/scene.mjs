// A call against the fake server, as several tests need it.

import { openPage, waitForText } from './browser.mjs';

export const kAnswer = { response_id: 'resp_1', item_id: 'item_a1', output_index: 0, content_index: 0 };
export const kQuestionText = 'Tell me about the choir.';
export const kAnswerText = 'Two groups of singers answer each other, verse by verse.';

export async function startCall(browser, server, options) {
  const opened = await openPage(browser, `${server.origin}/call?transport=websocket`, options);
  await waitForText(opened.page, '#server', 'Server: ready');
  await opened.page.click('#call');
  await waitForText(opened.page, '#connection', 'Connection: connected');
  return opened;
}

/** The caller asks, and the answer's words come; its sound is the test's. */
export async function askAndAnswer(page, server) {
  server.send({ type: 'input_audio_buffer.speech_started', item_id: 'item_u1', audio_start_ms: 100 });
  await waitForText(page, '#activity', 'Hearing you');
  if (server.additions) {
    server.send({ type: 'antiphon.partial', item_id: 'item_u1', transcript: 'Tell me' });
    await waitForText(page, '#captions li.caller.live .text', 'Tell me');
  }
  server.send({ type: 'input_audio_buffer.speech_stopped', item_id: 'item_u1', audio_end_ms: 1100 });
  server.send({ type: 'input_audio_buffer.committed', item_id: 'item_u1', previous_item_id: null });
  if (server.additions) server.send({ type: 'antiphon.state', state: 'thinking' });
  await waitForText(page, '#activity', 'Thinking');
  const caller = { item_id: 'item_u1', content_index: 0 };
  if (!server.additions) {
    server.send({ type: 'conversation.item.input_audio_transcription.delta', ...caller, delta: 'Tell me about' });
    await waitForText(page, '#captions li.caller.live .text', 'Tell me about');
  }
  const completed = { type: 'conversation.item.input_audio_transcription.completed', ...caller, transcript: kQuestionText };
  server.send({ ...completed, 'antiphon.language': 'en' });
  await waitForText(page, '#captions li.caller.final .text', kQuestionText);
  server.send({ type: 'response.created', response: { id: 'resp_1', status: 'in_progress', output: [] } });
  for (const delta of ['Two groups of singers', ' answer each other,', ' verse by verse.']) {
    server.send({ type: 'response.output_audio_transcript.delta', ...kAnswer, delta });
  }
  await waitForText(page, '#captions li.assistant .text', /verse by verse\.$/);
}

/**
 * Where the words of the answer lie when it takes so many milliseconds; "Two groups of singers" is followed by
 * a pause of as many more.
 */
export function sendWords(server, milliseconds, pause = 0) {
  const words = kAnswerText.split(/(?= )/).map((text) => ({ text }));
  let at = 0;
  for (const word of words) {
    if (word.text === ' answer') at += pause;
    word.start_ms = Math.round(at);
    at += (word.text.length * milliseconds) / kAnswerText.length;
    word.end_ms = Math.round(at);
  }
  server.send({ type: 'antiphon.words', response_id: kAnswer.response_id, item_id: kAnswer.item_id, words });
}

export function sendTimes(server) {
  server.send({
    type: 'antiphon.turn', response_id: 'resp_1', speculated: true, transcript_seconds: 0.21,
    first_token_seconds: 0.3, first_clause_seconds: 0.35, first_sound_seconds: 0.42, turn_end_seconds: 0.5,
    first_audio_seconds: 0.512,
  });
}
