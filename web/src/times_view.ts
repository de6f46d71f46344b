// How long an answer took, and where the time went, for who asks.

import type { TurnTimes } from './events.ts';
import { milliseconds, stagesOf } from './wording.ts';

/** undefined when the answer's first sound was not timed. */
export function timesView(turn: TurnTimes): HTMLElement | undefined {
  if (turn.first_audio === undefined) return undefined;
  const view = document.createElement('details');
  view.className = 'times';
  const summary = document.createElement('summary');
  summary.textContent = `Answered after ${milliseconds(turn.first_audio)}`;
  const stages = document.createElement('dl');
  const known = stagesOf(turn);
  const longest = Math.max(...known.map(([, seconds]) => seconds), 0.001);
  for (const [name, seconds] of known) {
    const term = document.createElement('dt');
    term.textContent = name;
    const value = document.createElement('dd');
    value.textContent = milliseconds(seconds);
    value.style.setProperty('--share', (Math.max(0, seconds) / longest).toFixed(3));
    stages.append(term, value);
  }
  view.append(summary, stages);
  if (turn.speculated) {
    const note = document.createElement('p');
    note.textContent = 'The work began before it was sure that you had finished.';
    view.append(note);
  }
  return view;
}
