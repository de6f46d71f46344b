// The whole of a call's user interface, in one element: its controls, its labels, and at most one call. The
// call page is this panel alone; in another page it lies above that page.

import panelHtml from 'inline:panel.html';

import { isRemembered, keepKey, keyOf, passportOf } from './access_key.ts';
import { callAddress, linkedBackend, ownBackend, parseBackend, type Backend } from './address.ts';
import { Call } from './call.ts';
import type { CallListener } from './call_options.ts';
import type { Caption, Side } from './captions.ts';
import { CaptionView, element } from './caption_view.ts';
import { Figure, type FigureState } from './figure.ts';
import { languageName } from './language_name.ts';
import { fetchOptions, kFallbackOptions, type ServerOptions } from './options.ts';
import { recall, remember } from './preferences.ts';
import { ServerWatch } from './server_watch.ts';
import { choose, Settings, type SettingsListener } from './settings.ts';
import { TalkKey } from './talk_key.ts';
import { transcriptJson, transcriptText } from './transcript.ts';
import { WakeLock } from './wake_lock.ts';
import { kWayNames, transportOf, type Transport } from './ways.ts';
import { canWebRtc } from './web_rtc_way.ts';
import { connectionTrouble, kActivity, kInsecure, kInvitation, kKeyAsked, kOldBrowser, serverAdvice, serverLabel } from './wording.ts';

declare global {
  interface Window {
    /** Set by a test before the call: the page puts here what its playout really played, silence included. */
    __recordPlayout?: { rate: number; blocks: Float32Array[] };
  }
}

export interface PanelOptions {
  /** A page of its own, or a panel in another page. */
  layout: 'page' | 'widget';
  /** Fixed by the page around; empty: the caller's to choose. */
  server: string;
  agent: string;
  language: string;
  voice: string;
  name: string;
  /** Fixed by the page around or by the link; empty: the caller's to choose. */
  transport: Transport | '';
  fallbackAfter: number; // milliseconds
}

const kTypingPause = 500; // milliseconds
const kPassing = 8_000; // milliseconds that a passing notice stands
const kAnnounced = 4; // captions that the live region holds

export class Panel {
  readonly frame = document.createElement('div');
  private readonly settings: Settings;
  private readonly figure: Figure;
  private readonly view: CaptionView;
  private readonly watch: ServerWatch;
  private readonly closed = new AbortController(); // ends what listens to the page around
  private readonly wakeLock = new WakeLock(this.closed.signal);
  private readonly talkKey: TalkKey;
  private readonly names: Record<Side, string>;
  private call: Call | undefined;
  private backend: Backend | undefined;
  private optionsOf = ''; // the backend whose options are shown
  private typing: number | undefined;
  private connectedBefore = false;
  private gone = false;
  private keyAsked = false; // the server lets nobody in without a key, or does not take ours

  constructor(
    private readonly options: PanelOptions,
    private readonly onState: (connection: string, activity: string) => void,
  ) {
    this.frame.className = `frame ${options.layout}`;
    this.frame.innerHTML = panelHtml;
    this.names = { caller: 'You', assistant: options.name };
    const find = this.find;
    this.figure = new Figure(find<HTMLCanvasElement>('figure'), find('level'));
    this.view = new CaptionView(find('captions'), find('placeholder'), this.names, (caption) => this.announce(caption));
    this.settings = new Settings(find, options, this.settingsListener(), this.closed.signal);
    this.watch = new ServerWatch(() => this.serverChanged());
    const keys = options.layout === 'page' ? document : this.frame;
    const mayTalk = (): boolean => this.settings.pushToTalk && this.call?.connection === 'connected';
    this.talkKey = new TalkKey(find<HTMLButtonElement>('talk'), keys, mayTalk, (down) => this.call?.talk(down));
    this.listen();
    this.offer(kFallbackOptions);
    find('title').textContent = options.name;
    find('title').setAttribute('aria-level', options.layout === 'page' ? '1' : '2');
    const own = ownBackend(location);
    const linked = options.layout === 'page' ? linkedBackend(location.search) : '';
    find<HTMLInputElement>('backend').value = options.server || linked || recall('backend') || own;
    if (!canCapture()) this.notice(window.isSecureContext ? kOldBrowser : kInsecure);
    this.setBackend();
  }

  private get transport(): Transport {
    return this.options.transport || transportOf(this.find<HTMLSelectElement>('mode').value);
  }

  /** The doctor of this page, or the server's own page where this is another's. */
  private doctorAddress(backend: Backend): string {
    if (this.options.layout !== 'page') return `${backend.base}/call?doctor`;
    const query = new URLSearchParams(location.search);
    query.delete('doctor');
    if (backend.base !== ownBackend(location)) query.set('server', backend.base);
    return `?doctor${query.size > 0 ? `&${query}` : ''}`;
  }

  get active(): boolean {
    return this.call?.active ?? false;
  }

  /** Starts a call, in a click; nothing when one is under way or can't be. */
  start(): void {
    const { backend } = this;
    if (this.active || backend === undefined || !canCapture()) return;
    if (this.keyAsked) return this.settings.askForKey();
    this.notice('');
    this.view.clear();
    this.find('announcer').replaceChildren();
    const call = new Call(
      {
        realtime: callAddress(backend.realtime, this.settings.agent),
        calls: callAddress(backend.calls, this.settings.agent),
        ice: backend.ice,
        ready: backend.ready,
        key: keyOf(backend),
        passport: passportOf(backend),
        transport: this.transport,
        fallbackAfter: this.options.fallbackAfter,
        language: this.find<HTMLSelectElement>('language').value,
        pushToTalk: this.settings.pushToTalk,
        manner: this.settings.manner,
        sound: {
          input: this.settings.input,
          output: this.settings.output,
          volume: this.find<HTMLInputElement>('volume').valueAsNumber,
          record: window.__recordPlayout !== undefined,
        },
      },
      this.callListener(),
    );
    this.call = call;
    void call.start().then(() => {
      if (call.microphone === 'live') void this.settings.offerDevices();
    });
  }

  end(): void {
    this.call?.end();
  }

  close(): void {
    this.end();
    this.watch.stop();
    this.talkKey.close();
    this.figure.close();
    this.wakeLock.set(false);
    this.closed.abort();
  }

  readonly find = <T extends HTMLElement>(id: string): T => {
    const found = this.frame.querySelector<T>(`#${id}`);
    if (found === null) throw new Error(`The panel has no #${id}.`);
    return found;
  };

  private listen(): void {
    const { find } = this;
    find('call').addEventListener('click', () => (this.active ? this.end() : this.start()));
    find('mute').addEventListener('click', () => this.call?.setMuted(!this.call.muted));
    const volume = find<HTMLInputElement>('volume');
    volume.value = recall('volume') || '1';
    volume.addEventListener('input', () => {
      this.call?.setVolume(volume.valueAsNumber);
      remember('volume', volume.value);
    });
    const language = find<HTMLSelectElement>('language');
    language.addEventListener('change', () => {
      if (this.options.language === '') remember('language', language.value);
      this.call?.setLanguage(language.value);
    });
    const mode = find<HTMLSelectElement>('mode');
    mode.value = this.options.transport || transportOf(recall('transport'));
    mode.disabled = this.options.transport !== '';
    for (const option of mode.options) option.disabled = option.value === 'webrtc' && !canWebRtc();
    mode.addEventListener('change', () => remember('transport', mode.value));
    const backend = find('backend');
    backend.addEventListener('input', () => {
      window.clearTimeout(this.typing);
      this.typing = window.setTimeout(() => this.setBackend(), kTypingPause);
    });
    backend.addEventListener('change', () => {
      window.clearTimeout(this.typing);
      this.setBackend();
    });
    find('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      const message = find<HTMLInputElement>('message');
      const text = message.value.trim();
      if (text === '') return;
      message.value = '';
      this.call?.type(text);
    });
    find('save-text').addEventListener('click', () => {
      if (this.call) save('txt', 'text/plain', this.call, transcriptText(this.call.captions.all(), this.names));
    });
    find('save-json').addEventListener('click', () => {
      const server = this.backend?.base ?? '';
      if (this.call) save('json', 'application/json', this.call, transcriptJson(this.call.captions.all(), this.call.began, server));
    });
    window.addEventListener('pagehide', () => this.end(), { signal: this.closed.signal });
    document.addEventListener('visibilitychange', () => this.call?.wake(), { signal: this.closed.signal });
  }

  private settingsListener(): SettingsListener {
    return {
      onManner: () => this.call?.setManner(this.settings.manner),
      onInput: (id) => void this.call?.setInput(id),
      onOutput: (id) => this.call?.setOutput(id),
      onPushToTalk: (on) => {
        this.call?.setPushToTalk(on);
        this.draw();
      },
      onKey: (key, remembered) => {
        if (this.backend === undefined) return;
        keepKey(this.backend, key, remembered);
        this.notice('');
        this.askOptions(this.backend);
      },
    };
  }

  private callListener(): CallListener {
    return {
      onChange: () => this.draw(),
      onCaption: (id) => {
        const caption = this.call?.captions.get(id);
        if (caption !== undefined) this.view.drawOne(caption);
      },
      onCallerLevel: (loudness) => this.figure.setCallerLevel(loudness),
      onAnswerLevel: (loudness) => this.figure.setAnswerLevel(loudness),
      onNotice: (text) => this.notice(text),
      onKeyAsked: () => this.askForKey(true),
      onPassingNotice: (text) => {
        this.notice(text);
        this.find('notice').classList.add('passing');
        window.setTimeout(() => {
          if (this.find('notice').textContent === text) this.notice('');
        }, kPassing);
      },
      onRecorded: (samples, rate) => {
        if (window.__recordPlayout === undefined) return;
        window.__recordPlayout.rate = rate;
        window.__recordPlayout.blocks.push(samples);
      },
    };
  }

  private draw(): void {
    this.askWhenGone();
    const { call, backend, find } = this;
    const active = this.active;
    const connected = active && call?.connection === 'connected';
    const activity = connected && call !== undefined ? call.conversation.activity : undefined;
    const muted = active && call?.muted === true;
    this.setStatus('mic', 'Mic', muted && call?.microphone === 'live' ? 'muted' : (call?.microphone ?? 'off'));
    this.setStatus('connection', 'Connection', call?.connection ?? 'idle');
    const way = active ? call?.way : undefined;
    setText(find('way'), way === undefined ? '' : kWayNames[way]);
    find('way').hidden = way === undefined;
    const spoken = active && find<HTMLSelectElement>('language').value === '' ? languageName(call?.conversation.language ?? '') : '';
    setText(find('spoken'), spoken);
    find('spoken').hidden = spoken === '';
    this.setStatus('server', 'Server', backend === undefined ? 'no address' : serverLabel(this.watch.state));
    const button = find<HTMLButtonElement>('call');
    setText(button, active ? 'End Call' : 'Start Call');
    button.classList.toggle('active', active);
    button.disabled = !active && (backend === undefined || !canCapture());
    find('root').classList.toggle('in-call', active);
    find<HTMLInputElement>('backend').disabled = active;
    find<HTMLSelectElement>('mode').disabled = active || this.options.transport !== '';
    const doctor = find<HTMLAnchorElement>('doctor-link');
    doctor.hidden = active || !['failed', 'lost'].includes(call?.connection ?? '') || backend === undefined;
    if (backend !== undefined) doctor.href = this.doctorAddress(backend);
    this.drawControls(active, connected, muted);
    setText(find('activity'), this.activityText(activity));
    setText(find('advice'), active || !canCapture() ? this.adviceInCall() : this.keyAsked ? kKeyAsked : serverAdvice(this.watch.state, backend, location.protocol));
    this.figure.set(figureState(active, activity));
    this.wakeLock.set(active);
    this.onState(call?.connection ?? 'idle', activity ?? '');
    if (call === undefined) return;
    this.view.draw(call.captions);
    const nothingSaid = call.captions.all().every(({ text }) => text === '');
    for (const id of ['save-text', 'save-json']) find<HTMLButtonElement>(id).disabled = nothingSaid;
    if (!active && !this.keyAsked && backend !== undefined && find('notice').textContent === '') {
      this.notice(connectionTrouble(call.connection, this.watch.state, backend, location.protocol));
    }
  }

  /** A server that is ready is asked seldom; when it goes away during a call, its label should know at once. */
  private askWhenGone(): void {
    const gone = this.call?.connection === 'reconnecting…';
    if (gone === this.gone) return;
    this.gone = gone;
    this.watch.suspicious = gone;
    if (gone && this.backend !== undefined) this.watch.watch(this.backend.ready);
  }

  private drawControls(active: boolean, connected: boolean, muted: boolean): void {
    const { find } = this;
    const mute = find<HTMLButtonElement>('mute');
    mute.disabled = !active;
    mute.setAttribute('aria-pressed', String(muted));
    const talk = find<HTMLButtonElement>('talk');
    talk.hidden = !this.settings.pushToTalk;
    talk.disabled = !connected;
    talk.classList.toggle('down', this.call?.talking === true);
    setText(talk, this.call?.talking === true ? 'Let go when you have finished' : 'Hold to talk');
    const focused = talk.getRootNode() instanceof ShadowRoot ? (talk.getRootNode() as ShadowRoot).activeElement : null;
    // Else the space bar would press the button that ends the call.
    if (connected && !talk.hidden && focused === find('call') && !this.connectedBefore) talk.focus();
    this.connectedBefore = connected;
    for (const id of ['message', 'send']) find<HTMLInputElement>(id).disabled = !connected;
  }

  private activityText(activity: keyof typeof kActivity | undefined): string {
    if (activity === 'listening' && this.settings.pushToTalk) return 'Ready when you are';
    if (activity !== undefined) return kActivity[activity];
    if (!this.active) return this.backend === undefined ? 'Where is the server?' : kInvitation[this.watch.state.kind];
    return this.call?.connection === 'reconnecting…' ? 'Reconnecting…' : 'One moment…';
  }

  private adviceInCall(): string {
    if (this.call?.connection === 'reconnecting…') return 'The server went away. The call goes on when it is back.';
    return this.call?.microphone === 'asking…' ? 'Allow the microphone when the browser asks.' : '';
  }

  private setStatus(id: string, name: string, state: string): void {
    const label = this.find(id);
    if (!setText(label, `${name}: ${state}`)) return;
    label.dataset['state'] = state.replace(/[^a-z ]/g, '').replace(/ /g, '-');
  }

  private notice(text: string): void {
    this.find('notice').classList.remove('passing');
    setText(this.find('notice'), text);
  }

  private announce(caption: Caption): void {
    if (!this.settings.announces) return;
    const announcer = this.find('announcer');
    announcer.append(element('p', '', `${this.names[caption.side]}: ${caption.text}`));
    while (announcer.childElementCount > kAnnounced) announcer.firstElementChild?.remove();
  }

  private setBackend(): void {
    const field = this.find<HTMLInputElement>('backend');
    const typed = parseBackend(field.value);
    // Leaving the field changes nothing, or what it says would move the button from under the pointer.
    if (typed !== undefined && typed.base === this.backend?.base) return;
    this.backend = typed;
    field.setAttribute('aria-invalid', String(this.backend === undefined));
    setText(this.find('backend-help'), this.backend === undefined ? 'Give an address such as https://voice.example.org:8080' : '');
    if (this.backend === undefined) {
      this.watch.stop();
    } else {
      const own = this.backend.base === ownBackend(location);
      if (this.options.server === '') remember('backend', own ? '' : field.value.trim());
      this.askForKey(false);
      this.watch.watch(this.backend.ready);
    }
    this.draw();
  }

  private serverChanged(): void {
    const { backend } = this;
    if (backend !== undefined && this.watch.state.kind === 'ready' && this.optionsOf !== backend.base) {
      this.optionsOf = backend.base;
      this.askOptions(backend);
    }
    this.draw();
  }

  private askOptions(backend: Backend): void {
    void fetchOptions(backend.options, keyOf(backend)).then((offered) => {
      if (this.backend?.base !== backend.base) return;
      this.askForKey(offered === undefined);
      if (offered !== undefined) this.offer(offered);
      this.draw();
    });
  }

  private askForKey(asked: boolean): void {
    this.keyAsked = asked;
    if (this.backend !== undefined) this.settings.showKey(asked, keyOf(this.backend), isRemembered(this.backend));
  }

  private offer(offered: ServerOptions): void {
    const field = this.find<HTMLSelectElement>('language');
    choose(field, 'Auto-detect', offered.languages, this.options.language || field.value || recall('language'));
    this.settings.offer(offered);
  }
}

function figureState(active: boolean, activity: FigureState | undefined): FigureState {
  return !active ? 'idle' : (activity ?? 'waiting');
}

/** Touches the element only for a new text, or a screen reader would say the old one again. */
function setText(target: HTMLElement, text: string): boolean {
  if (target.textContent === text) return false;
  target.textContent = text;
  return true;
}

function canCapture(): boolean {
  return navigator.mediaDevices !== undefined && window.AudioWorkletNode !== undefined;
}

function save(ending: string, type: string, call: Call, content: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
  link.download = `antiphon-${call.began.toISOString().slice(0, 16).replace(/[:T]/g, '-')}.${ending}`;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
