// When the machine has come to another network, or to one again.

interface Connection extends EventTarget {
  type?: string;
}

/** The browser tells of all changes of a network's speed as well; only another kind of network counts. */
export function onNetworkChange(then: () => void, signal: AbortSignal): void {
  window.addEventListener('online', then, { signal });
  const { connection } = navigator as Navigator & { connection?: Connection };
  let before = connection?.type;
  const changed = (): void => {
    if (connection?.type === before) return;
    before = connection?.type;
    if (before !== 'none') then();
  };
  connection?.addEventListener('change', changed, { signal });
}
