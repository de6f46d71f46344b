// A call's captions as a file to keep.
//
// pure.

import type { Caption, Side } from './captions.ts';

/** What was really said: of an interrupted answer, the part that was heard. */
export function spoken({ text, heard }: Caption): string {
  return (heard === undefined ? text : text.slice(0, heard)).trim();
}

export function transcriptText(captions: readonly Caption[], names: Record<Caption['side'], string>): string {
  const lines = captions
    .filter((caption) => spoken(caption) !== '')
    .map((caption) => `${names[caption.side]}: ${spoken(caption)}${caption.state === 'interrupted' ? ' […]' : ''}\n`);
  return lines.join('\n');
}

export function transcriptJson(captions: readonly Caption[], began: Date, server: string): string {
  const turns = captions
    .filter((caption) => caption.text.trim() !== '')
    .map((caption) => ({
      speaker: caption.side,
      text: spoken(caption),
      ...(caption.state === 'interrupted' ? { interrupted: true, unheard: caption.text.slice(spokenEnd(caption)).trim() } : {}),
      ...(caption.language === undefined ? {} : { language: caption.language }),
      ...(caption.times === undefined ? {} : { latency_seconds: caption.times }),
    }));
  return `${JSON.stringify({ began: began.toISOString(), server, turns }, null, 2)}\n`;
}

function spokenEnd({ text, heard }: Caption): number {
  return heard ?? text.length;
}

/** What was said last, for somebody who was not there. */
export function lastSaid(captions: readonly Caption[], count: number): { side: Side; text: string }[] {
  const said = captions.slice(-count).map((caption) => ({ side: caption.side, text: spoken(caption) }));
  return said.filter(({ text }) => text !== '');
}
