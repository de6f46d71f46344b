// Asks the backend's /ready again and again, and tells when the answer changes.

export type ServerState =
  | { kind: 'checking' }
  | { kind: 'loading' }
  | { kind: 'ready' }
  | { kind: 'failed'; reason: string }
  | { kind: 'unreachable' };

const kSoon = 1_000; // milliseconds
const kLater = 15_000;
const kTimeout = 5_000;

export class ServerWatch {
  private round = 0;
  private timer: number | undefined;
  private current: ServerState = { kind: 'checking' };
  /** Ask often even while it is ready: something seems to be wrong with it. */
  suspicious = false;

  constructor(private readonly onChange: (state: ServerState) => void) {}

  get state(): ServerState {
    return this.current;
  }

  /** Begins anew with this address. */
  watch(readyAddress: string): void {
    this.stop();
    this.set({ kind: 'checking' });
    void this.ask(readyAddress, ++this.round);
  }

  stop(): void {
    this.round++;
    window.clearTimeout(this.timer);
  }

  private async ask(address: string, round: number): Promise<void> {
    const state = await askReady(address);
    if (round !== this.round) return;
    this.set(state);
    this.timer = window.setTimeout(() => void this.ask(address, round), state.kind === 'ready' && !this.suspicious ? kLater : kSoon);
  }

  private set(state: ServerState): void {
    this.current = state;
    this.onChange(state);
  }
}

/** How the server stands just now. Never rejects. */
export async function askReady(address: string): Promise<ServerState> {
  try {
    const answer = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(kTimeout) });
    if (answer.ok) return { kind: 'ready' };
    if (answer.status !== 503) return { kind: 'failed', reason: `it answered with status ${answer.status}` };
    const body = (await answer.json().catch(() => ({}))) as { failure?: unknown };
    if (typeof body.failure === 'string' && body.failure !== '') return { kind: 'failed', reason: body.failure };
    return { kind: 'loading' };
  } catch {
    return { kind: 'unreachable' };
  }
}
