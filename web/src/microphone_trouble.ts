// Why there is no microphone, as the browser's error tells it.
//
// pure.

export type MicrophoneTrouble = 'blocked' | 'not found' | 'busy' | 'unavailable';

export function microphoneTrouble(error: unknown): { state: MicrophoneTrouble; says: string } {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') {
    return {
      state: 'blocked',
      says: 'The browser does not let this page use the microphone. Allow it (the icon beside the address), then start again.',
    };
  }
  if (name === 'NotFoundError' || name === 'OverconstrainedError') {
    return { state: 'not found', says: 'No microphone was found. Plug one in, then start again.' };
  }
  if (name === 'NotReadableError' || name === 'AbortError') {
    return { state: 'busy', says: 'The microphone could not be opened. Another program may be using it.' };
  }
  return { state: 'unavailable', says: `Sound could not be started: ${error instanceof Error ? error.message : String(error)}` };
}
