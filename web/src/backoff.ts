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

const kMostRefusals = 2;

/** The time between the loss of a connection and its return, or the end of all attempts. */
export class Absence {
  private attempt = 0;
  private refusals = 0;
  private serverWasAway = false;

  /** `inOrder`: the server closed the line, so that the call may simply be over. */
  constructor(
    private readonly since: number,
    private readonly inOrder = false,
  ) {}

  lasted(now: number): number {
    return now - this.since;
  }

  /** As pauseBefore(), for the next attempt. */
  pause(now: number, random: number): number | undefined {
    return pauseBefore(this.attempt++, this.lasted(now), random);
  }

  /** Something has changed: the next attempts come soon. */
  hurry(): void {
    this.attempt = 0;
  }

  /** The server was asked, and was not there or not ready. */
  away(): void {
    this.serverWasAway = true;
  }

  /**
   * A server that is ready did not let us take the call over. Twice means that it has no such call any more: a new one
   * is to begin, unless the old one was ended there.
   */
  refused(): 'anew' | 'over' | undefined {
    if (++this.refusals !== kMostRefusals) return undefined;
    return this.inOrder && !this.serverWasAway ? 'over' : 'anew';
  }
}
