// What the caller chose, kept by the browser for the next time.

/** A page opened from disk may have no storage; then nothing is remembered. */
export function remember(key: string, value: string): void {
  try {
    if (value === '') localStorage.removeItem(`antiphon.${key}`);
    else localStorage.setItem(`antiphon.${key}`, value);
  } catch {
    return;
  }
}

export function recall(key: string): string {
  try {
    return localStorage.getItem(`antiphon.${key}`) ?? '';
  } catch {
    return '';
  }
}
