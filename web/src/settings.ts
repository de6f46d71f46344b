// The settings drawer: what is chosen there is remembered, and told to who is interested.

import type { Manner } from './events.ts';
import type { Choice, ServerOptions } from './options.ts';
import { recall, remember } from './preferences.ts';
import { canChooseOutput } from './sound_device.ts';

export interface SettingsListener {
  onManner(): void;
  onInput(id: string): void;
  onOutput(id: string): void;
  onPushToTalk(on: boolean): void;
  onKey(key: string, remembered: boolean): void;
}

type Find = <T extends HTMLElement>(id: string) => T;

const kOn = 'on';
const kOff = 'off';

export class Settings {
  private readonly dialog: HTMLDialogElement;
  private readonly agentField: HTMLSelectElement;
  private readonly voiceField: HTMLSelectElement;
  private readonly speedField: HTMLInputElement;
  private readonly instructionsField: HTMLTextAreaElement;
  private readonly inputField: HTMLSelectElement;
  private readonly outputField: HTMLSelectElement;
  private readonly pushField: HTMLInputElement;
  private readonly announceField: HTMLInputElement;
  private readonly keyField: HTMLInputElement;
  private readonly rememberField: HTMLInputElement;

  /** `fixed`: what the page around decided, which is neither offered nor remembered. */
  constructor(
    private readonly find: Find,
    private readonly fixed: { agent: string; voice: string },
    private readonly listener: SettingsListener,
    closed: AbortSignal,
  ) {
    this.dialog = find('settings');
    this.agentField = find('agent');
    this.voiceField = find('voice');
    this.speedField = find('speed');
    this.instructionsField = find('instructions');
    this.inputField = find('input');
    this.outputField = find('output');
    this.pushField = find('push-to-talk');
    this.announceField = find('announce');
    this.keyField = find('key');
    this.rememberField = find('remember-key');
    this.fill();
    this.listen();
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.offerDevices(), { signal: closed });
  }

  get agent(): string {
    return this.fixed.agent || this.agentField.value;
  }

  get manner(): Manner {
    return {
      voice: this.voiceField.value,
      speed: Number(this.speedField.value),
      instructions: this.instructionsField.value,
    };
  }

  get input(): string {
    return this.inputField.value;
  }

  get output(): string {
    return this.outputField.value;
  }

  get pushToTalk(): boolean {
    return this.pushField.checked;
  }

  get announces(): boolean {
    return this.announceField.checked;
  }

  offer({ voices, agents }: ServerOptions): void {
    choose(this.voiceField, 'The server’s choice', voices, this.fixed.voice || recall('voice'));
    choose(this.agentField, 'The server’s own', agents, recall('agent'));
    this.find('agent-row').hidden = this.fixed.agent !== '' || agents.length === 0;
  }

  /** The key of the server that is chosen, where one is asked for or was given. */
  showKey(asked: boolean, key: string, remembered: boolean): void {
    for (const id of ['key-row', 'remember-row']) this.find(id).hidden = !asked && key === '';
    this.keyField.value = key;
    this.keyField.setAttribute('aria-invalid', String(asked && key !== ''));
    this.rememberField.checked = remembered;
  }

  /** Opens the drawer at the key. */
  askForKey(): void {
    if (!this.dialog.open) this.dialog.showModal();
    this.keyField.focus();
  }

  /** Browsers name the devices only once the microphone was allowed. */
  async offerDevices(): Promise<void> {
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const named = (kind: MediaDeviceKind): Choice[] =>
      devices
        .filter((device) => device.kind === kind && device.deviceId !== '' && device.deviceId !== 'default')
        .map((device, index) => ({ value: device.deviceId, name: device.label || `Device ${index + 1}` }));
    choose(this.inputField, 'The browser’s choice', named('audioinput'), this.input || recall('input'));
    choose(this.outputField, 'The browser’s choice', named('audiooutput'), this.output || recall('output'));
  }

  private fill(): void {
    this.speedField.value = recall('speed') || '1';
    this.instructionsField.value = recall('instructions');
    this.pushField.checked = recall('push-to-talk') === kOn;
    this.announceField.checked = recall('announce') !== kOff;
    this.find('output-row').hidden = !canChooseOutput();
    this.offer({ languages: [], voices: [], agents: [] });
    this.showSpeed();
    void this.offerDevices();
  }

  private listen(): void {
    const { dialog, find } = this;
    find('open-settings').addEventListener('click', () => {
      void this.offerDevices();
      dialog.showModal();
    });
    find('close-settings').addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog && event.offsetX < 0) dialog.close(); // beside it
    });
    this.agentField.addEventListener('change', () => remember('agent', this.agentField.value));
    this.voiceField.addEventListener('change', () => {
      if (this.fixed.voice === '') remember('voice', this.voiceField.value);
      this.listener.onManner();
    });
    this.speedField.addEventListener('input', () => this.showSpeed());
    this.speedField.addEventListener('change', () => {
      remember('speed', this.speedField.value);
      this.listener.onManner();
    });
    this.instructionsField.addEventListener('change', () => {
      remember('instructions', this.instructionsField.value.trim());
      this.listener.onManner();
    });
    this.inputField.addEventListener('change', () => {
      remember('input', this.input);
      this.listener.onInput(this.input);
    });
    this.outputField.addEventListener('change', () => {
      remember('output', this.output);
      this.listener.onOutput(this.output);
    });
    this.pushField.addEventListener('change', () => {
      remember('push-to-talk', this.pushToTalk ? kOn : '');
      this.listener.onPushToTalk(this.pushToTalk);
    });
    for (const field of [this.keyField, this.rememberField]) {
      field.addEventListener('change', () => this.listener.onKey(this.keyField.value.trim(), this.rememberField.checked));
    }
    this.announceField.addEventListener('change', () => remember('announce', this.announces ? '' : kOff));
  }

  private showSpeed(): void {
    this.find('speed-shown').textContent = `${Number(this.speedField.value)}×`;
  }
}

/** The choices after one that leaves it open; what was chosen stays so where it is still to be had. */
export function choose(field: HTMLSelectElement, open: string, choices: readonly Choice[], chosen: string): void {
  const all = [{ value: '', name: open }, ...choices];
  if (chosen !== '' && choices.length === 0) all.push({ value: chosen, name: 'As chosen before' });
  field.replaceChildren(...all.map(({ value, name }) => new Option(name, value)));
  field.value = chosen;
  if (field.selectedIndex < 0) field.selectedIndex = 0;
}
