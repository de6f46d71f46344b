// What the server offers, from its GET /options; servers that lack it get the built-in list of languages.
//
// parseOptions is pure.

import { bearer } from './access_key.ts';

export interface Choice {
  value: string;
  name: string;
}

export interface ServerOptions {
  languages: Choice[];
  voices: Choice[];
  agents: Choice[];
}

/** Of a server that does not say what it offers. */
export const kFallbackOptions: ServerOptions = {
  languages: [
    ['en', 'English'],
    ['es', 'Español'],
    ['fr', 'Français'],
    ['de', 'Deutsch'],
    ['it', 'Italiano'],
    ['pt', 'Português'],
    ['nl', 'Nederlands'],
    ['sv', 'Svenska'],
    ['pl', 'Polski'],
    ['tr', 'Türkçe'],
    ['ru', 'Русский'],
    ['ar', 'العربية'],
    ['hi', 'हिन्दी'],
    ['zh', '中文'],
  ].map(([value = '', name = '']) => ({ value, name })),
  voices: [],
  agents: [],
};

const kTimeout = 5_000;

/** undefined: the server asks for a key, or for another one. */
export async function fetchOptions(address: string, key: string): Promise<ServerOptions | undefined> {
  try {
    const answer = await fetch(address, { cache: 'no-store', headers: bearer(key), signal: AbortSignal.timeout(kTimeout) });
    if (answer.status === 401) return undefined;
    return answer.ok ? parseOptions(await answer.json()) : kFallbackOptions;
  } catch {
    return kFallbackOptions;
  }
}

/** What is missing or of a wrong shape is as if the server did not say it. */
export function parseOptions(body: unknown): ServerOptions {
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const languages = entries(fields['languages']).map(({ code, name }) => choice(code, name));
  const voices = entries(fields['voices']).map(({ id, language }) =>
    choice(id, typeof language === 'string' && language !== '' ? `${String(id)} (${language})` : id),
  );
  const agents = entries(fields['agents']).map(({ name, description }) =>
    choice(name, typeof description === 'string' && description !== '' ? `${String(name)}: ${description}` : name),
  );
  const known = languages.filter(named);
  return {
    languages: known.length > 0 ? known : kFallbackOptions.languages,
    voices: voices.filter(named),
    agents: agents.filter(named),
  };
}

function entries(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter((entry) => typeof entry === 'object' && entry !== null) : [];
}

function choice(value: unknown, name: unknown): Choice {
  const code = typeof value === 'string' ? value : '';
  return { value: code, name: typeof name === 'string' && name !== '' ? name : code };
}

function named({ value }: Choice): boolean {
  return value !== '';
}
