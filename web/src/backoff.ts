// How long to wait before the next attempt to come back to a server that went away.
//
// pure.

const kFirst = 400; // milliseconds
const kLongest = 5_000;
const kGiveUpAfter = 180_000; // models of a large server load for minutes

/** Close codes after which the same call can go on elsewhere or later: gone away, cut off, restarting. */
const kComesBack = new Set([1001, 1006, 1012]);

export function comesBack(closeCode: number): boolean {
  return kComesBack.has(closeCode);
}

/**
 * Milliseconds before attempt number `attempt` (from 0), `waited` after the connection was lost; undefined:
 * give up. `random` in [0, 1) spreads the callers of a restarted server over half of the time.
 */
export function pauseBefore(attempt: number, waited: number, random: number): number | undefined {
  if (waited >= kGiveUpAfter) return undefined;
  const full = Math.min(kLongest, kFirst * 2 ** attempt);
  return Math.round(full * (0.5 + random / 2));
}
