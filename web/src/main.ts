// The page: its controls, its labels, and at most one call.

import { ownBackend, parseBackend, type Backend } from './address.ts';
import { Call, type CallListener } from './call.ts';
import { CaptionView } from './caption_view.ts';
import { kLanguages } from './languages.ts';
import { LevelMeter } from './level_meter.ts';
import { ServerWatch } from './server_watch.ts';
import { connectionTrouble, kActivity, serverLabel, timesLine } from './wording.ts';

declare global {
  interface Window {
    /** Set by a test before the call: the page puts here what its playout really played, silence included. */
    __recordPlayout?: { rate: number; blocks: Float32Array[] };
  }
}

const kBackendKey = 'antiphon.backend';
const kLanguageKey = 'antiphon.language';
const kTypingPause = 500; // milliseconds

const kIdle = 'Start the call, then just speak.';
const kStarting = 'One moment…';
const kInsecure =
  'Browsers give the microphone only to secure pages, and this one came over plain http. Open it over https, ' +
  'or through an SSH tunnel: run “ssh -L 8080:localhost:8080 user@server”, then open http://localhost:8080/call. ' +
  'The page also works when it is saved and opened from disk.';

function find<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no #${id}.`);
  return found as T;
}

const backendField = find<HTMLInputElement>('backend');
const backendHelp = find('backend-help');
const languageField = find<HTMLSelectElement>('language');
const modeField = find<HTMLSelectElement>('mode');
const button = find<HTMLButtonElement>('call');
const activity = find('activity');
const notice = find('notice');
const times = find('times');
const captionView = new CaptionView(find('captions'), find('placeholder'));
const meter = new LevelMeter(find('level'));
const watch = new ServerWatch(() => draw());
const own = ownBackend(location);

let call: Call | undefined;
let backend: Backend | undefined;

const listener: CallListener = {
  onChange: draw,
  onLevel: (loudness) => meter.set(loudness),
  onTimes: (turn) => {
    const line = timesLine(turn);
    if (line !== '') times.textContent = line;
  },
  onNotice: showNotice,
  onRecorded: (samples, rate) => {
    if (window.__recordPlayout === undefined) return;
    window.__recordPlayout.rate = rate;
    window.__recordPlayout.blocks.push(samples);
  },
};

function draw(): void {
  const active = call?.active ?? false;
  const connected = active && call?.connection === 'connected';
  setStatus('mic', 'Mic', call?.microphone ?? 'off');
  setStatus('connection', 'Connection', call?.connection ?? 'idle');
  setStatus('server', 'Server', backend === undefined ? 'no address' : serverLabel(watch.state));
  button.textContent = active ? 'End Call' : 'Start Call';
  button.classList.toggle('active', active);
  button.disabled = !active && (backend === undefined || !canCapture());
  backendField.disabled = active;
  modeField.disabled = active;
  activity.textContent = connected && call !== undefined ? kActivity[call.conversation.activity] : active ? kStarting : kIdle;
  document.body.dataset['activity'] = connected && call !== undefined ? call.conversation.activity : '';
  if (call === undefined) return;
  captionView.draw(call.conversation.captions);
  if (!active && backend !== undefined && notice.textContent === '') {
    showNotice(connectionTrouble(call.connection, watch.state, backend, location.protocol));
  }
}

function setStatus(id: string, name: string, state: string): void {
  const label = find(id);
  const text = `${name}: ${state}`;
  if (label.textContent === text) return;
  label.textContent = text;
  label.dataset['state'] = state.replace(/[^a-z ]/g, '').replace(/ /g, '-');
}

function showNotice(text: string): void {
  notice.textContent = text;
}

function canCapture(): boolean {
  return navigator.mediaDevices !== undefined && window.AudioWorkletNode !== undefined;
}

function setBackend(): void {
  backend = parseBackend(backendField.value);
  backendField.setAttribute('aria-invalid', String(backend === undefined));
  backendHelp.textContent = backend === undefined ? 'Give an address such as https://voice.example.org:8080' : '';
  if (backend === undefined) {
    watch.stop();
  } else {
    remember(kBackendKey, backend.base === own ? '' : backendField.value.trim());
    watch.watch(backend.ready);
  }
  draw();
}

// A page opened from disk may have no storage; then nothing is remembered.
function remember(key: string, value: string): void {
  try {
    if (value === '') localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    return;
  }
}

function recall(key: string): string {
  try {
    return localStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

function startOrEnd(): void {
  if (call?.active) {
    call.end();
    return;
  }
  if (backend === undefined) return;
  showNotice('');
  times.textContent = '';
  captionView.clear();
  call = new Call(
    { realtime: backend.realtime, language: languageField.value, record: window.__recordPlayout !== undefined },
    listener,
  );
  void call.start();
}

for (const [code, name] of kLanguages) languageField.add(new Option(name, code));
languageField.value = recall(kLanguageKey);
if (languageField.selectedIndex < 0) languageField.selectedIndex = 0;
languageField.addEventListener('change', () => {
  remember(kLanguageKey, languageField.value);
  call?.setLanguage(languageField.value);
});

let typing: number | undefined;
backendField.value = recall(kBackendKey) || own;
backendField.addEventListener('input', () => {
  window.clearTimeout(typing);
  typing = window.setTimeout(setBackend, kTypingPause);
});
backendField.addEventListener('change', () => {
  window.clearTimeout(typing);
  setBackend();
});

button.addEventListener('click', startOrEnd);
window.addEventListener('pagehide', () => call?.end());
if (!canCapture()) showNotice(window.isSecureContext ? 'This browser can’t capture sound. Please use a current one.' : kInsecure);
setBackend();
