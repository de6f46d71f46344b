// Push-to-talk: a button that is held, and the space bar.

const kTyped = 'input, textarea, select, [contenteditable]';
const kPressed = 'button, a[href], summary';

export class TalkKey {
  private down = false;

  /** `keys`: where the space bar is listened to, for as long as `enabled` says yes. */
  constructor(
    private readonly button: HTMLButtonElement,
    private readonly keys: EventTarget,
    private readonly enabled: () => boolean,
    private readonly onTalk: (down: boolean) => void,
  ) {
    button.addEventListener('pointerdown', this.pointerDown);
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur']) button.addEventListener(end, this.up);
    button.addEventListener('contextmenu', (event) => event.preventDefault()); // a long touch
    keys.addEventListener('keydown', this.keyDown);
    keys.addEventListener('keyup', this.keyUp);
    window.addEventListener('blur', this.up);
  }

  close(): void {
    this.up();
    this.keys.removeEventListener('keydown', this.keyDown);
    this.keys.removeEventListener('keyup', this.keyUp);
    window.removeEventListener('blur', this.up);
  }

  private readonly pointerDown = (event: PointerEvent): void => {
    if (event.button !== 0 || !this.enabled()) return;
    this.button.setPointerCapture(event.pointerId);
    this.set(true);
  };

  private readonly up = (): void => this.set(false);

  private readonly keyDown = (event: Event): void => {
    if (!(event instanceof KeyboardEvent) || !this.takes(event)) return;
    event.preventDefault();
    if (!event.repeat) this.set(true);
  };

  private readonly keyUp = (event: Event): void => {
    if (!(event instanceof KeyboardEvent) || !this.down || (event.key !== ' ' && event.key !== 'Enter')) return;
    event.preventDefault();
    this.set(false);
  };

  /** The space bar belongs to whoever types, and to another button that has the focus. */
  private takes(event: KeyboardEvent): boolean {
    if (!this.enabled() || event.ctrlKey || event.altKey || event.metaKey) return false;
    const [target] = event.composedPath();
    if (target === this.button) return event.key === ' ' || event.key === 'Enter';
    return event.key === ' ' && !(target instanceof Element && target.closest(`${kTyped}, ${kPressed}`));
  }

  private set(down: boolean): void {
    if (down === this.down) return;
    this.down = down;
    this.onTalk(down);
  }
}
