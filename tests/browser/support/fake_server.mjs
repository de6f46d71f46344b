// A fake of the server: the page, /ready and a WebSocket that says what the test tells it to say. It knows
// nothing of speech; what the real server does is tested in spoken_call.test.mjs.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { fromPcm, toPcm } from './wav.mjs';

const kDist = new URL('../../../web/dist/', import.meta.url);

/** What GET /options answers. */
export const kOptions = {
  languages: [
    { code: 'en', name: 'English' },
    { code: 'de', name: 'Deutsch' },
    { code: 'sv', name: 'Svenska' },
    { code: 'cy', name: 'Cymraeg' },
  ],
  voices: [{ id: 'en_US-joe-medium', language: 'en-US' }, { id: 'sv_SE-nst-medium', language: 'sv-SE' }],
  agents: [{ name: 'concierge', description: 'Answers for the house' }, { name: 'librarian', description: 'Knows the shelves' }],
  models: ['antiphon'],
  default_voice: 'en_US-joe-medium',
  partials: true,
};

/** How a call is taken up again. */
const kKept = { call_id: 'rtc_fake', resume_token: 'resume_fake', resume_within_ms: 25_000 };

export class FakeServer {
  ready = true;
  accepts = true;
  additions = true; // Antiphon's own, in the protocol and in HTTP; false: a server from before them
  keeps = false; // calls whose connection is lost
  lives = true; // it says so each second, where it keeps calls
  returns = []; // the queries of connections that took a call up again
  missed = []; // what those are sent
  lastId = null; // of the page's last event
  agent = ''; // that the page asked for
  offers = 0; // of calls over WebRTC, which it refuses
  answersAfter = 0; // milliseconds, to those
  iceServers = [];
  date = ''; // of its clock; empty: the right one
  calls = 0;
  binaryFrames = 0;
  protocol = ''; // the subprotocol that the page asked for
  received = []; // events but for the microphone's
  microphone = []; // the samples' bytes, one Buffer for each append
  socket;
  pages = new Map(); // what is served, by path

  static async start() {
    const fake = new FakeServer();
    const built = (name) =>
      readFile(new URL(name, kDist), 'utf8').catch(() => {
        throw new Error(`web/dist/${name} is not built: run npm ci && npm run build in web/`);
      });
    fake.pages.set('/call', { type: 'text/html; charset=utf-8', body: await built('call_interface.html') });
    fake.pages.set('/antiphon.js', { type: 'text/javascript; charset=utf-8', body: await built('antiphon.js') });
    fake.websockets = new WebSocketServer({ noServer: true });
    await fake.listen(0);
    return fake;
  }

  async listen(port) {
    this.http = createServer((request, response) => this.answer(request, response));
    this.http.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
    await new Promise((resolve) => this.http.listen(port, '127.0.0.1', resolve));
    this.port = this.http.address().port;
    this.origin = `http://localhost:${this.port}`;
  }

  async stop() {
    this.socket?.terminate();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  /** As a shutdown of the real server: the WebSocket is closed with 1012, then nothing listens any more. */
  async shutDown() {
    this.socket.close(1012);
    await new Promise((resolve) => this.socket.on('close', resolve));
    await this.stop();
  }

  send(event) {
    this.socket.send(JSON.stringify({ event_id: 'event_fake', ...event }));
  }

  /** Waits until the page has sent an event of this type, and returns it. */
  async event(type, timeout = 5_000) {
    const found = await until(() => this.received.find((event) => event.type === type), timeout);
    if (found === undefined) throw new Error(`the page sent no ${type} within ${timeout / 1000} s`);
    return found;
  }

  async microphoneSound(seconds, timeout = 10_000) {
    const enough = await until(() => (this.microphone.length * 0.02 >= seconds ? true : undefined), timeout);
    if (!enough) throw new Error(`the page sent ${this.microphone.length} frames within ${timeout / 1000} s`);
    return fromPcm(Buffer.concat(this.microphone));
  }

  /** Sends sound in 20 ms pieces in real time, 150 ms ahead, as the real server does. */
  startSpeaking(part, samples, rate = 24000) {
    const frame = rate / 50;
    const began = performance.now() - 150;
    let sent = 0;
    this.send({ type: 'response.output_item.added', response_id: part.response_id, output_index: 0, item: { id: part.item_id } });
    const timer = setInterval(() => {
      if (this.socket.readyState !== this.socket.OPEN) clearInterval(timer);
      const due = Math.floor((performance.now() - began) / 20);
      for (; sent < due && sent * frame < samples.length; sent++) {
        const piece = samples.subarray(sent * frame, (sent + 1) * frame);
        if (this.binary) this.socket.send(toPcm(piece));
        else this.send({ type: 'response.output_audio.delta', ...part, delta: toPcm(piece).toString('base64') });
      }
      if (sent * frame >= samples.length) {
        clearInterval(timer);
        this.send({ type: 'response.output_audio.done', ...part });
      }
    }, 10);
    return () => clearInterval(timer);
  }

  answer(request, response) {
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (this.date !== '') response.setHeader('Date', this.date);
    const path = new URL(request.url, this.origin).pathname;
    const page = this.pages.get(path);
    if (page !== undefined) {
      response.setHeader('Content-Type', page.type);
      response.end(page.body);
    } else if (path === '/ready') {
      response.writeHead(this.ready ? 200 : 503, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ ready: this.ready, whisper_ready: this.ready, lid_ready: false, device: 'cpu' }));
    } else if (path === '/options' && this.additions) {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(kOptions));
    } else if (path === '/ice') {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ iceServers: this.iceServers, ttl: null }));
    } else if (path === '/v1/realtime/calls') {
      this.offers++;
      setTimeout(() => response.writeHead(503).end(), this.answersAfter).unref();
    } else {
      response.writeHead(404).end();
    }
  }

  upgrade(request, socket, head) {
    const url = new URL(request.url, this.origin);
    const back = url.searchParams.get('call_id') !== null;
    if (back && (!this.keeps || url.searchParams.get('resume') !== kKept.resume_token)) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    if (!back && (!this.accepts || url.pathname !== '/v1/realtime' || url.searchParams.get('model') !== 'antiphon')) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
      return;
    }
    this.websockets.handleUpgrade(request, socket, head, (accepted) => {
      this.socket = accepted;
      this.calls++;
      this.protocol = accepted.protocol;
      if (back) return this.takeUp(accepted, url.searchParams);
      this.agent = url.searchParams.get('agent') ?? '';
      this.received = [];
      this.microphone = [];
      this.binaryFrames = 0;
      this.binary = false;
      accepted.on('message', (data, isBinary) => (isBinary ? this.receiveBinary(data) : this.receive(JSON.parse(String(data)))));
      this.send({ type: 'session.created', session: this.session() });
      if (this.additions) this.send({ type: 'antiphon.state', state: 'listening' });
    });
  }

  /** The same call on another connection: what the page has sent before counts on. */
  takeUp(accepted, query) {
    this.returns.push(Object.fromEntries(query));
    accepted.on('message', (data, isBinary) => (isBinary ? this.receiveBinary(data) : this.receive(JSON.parse(String(data)))));
    this.beginAnswering();
    const input_audio_ms = this.microphone.length * 20;
    this.send({ type: 'antiphon.session', ...kKept, resumed: true, complete: true, input_audio_ms, last_client_event_id: this.lastId });
    for (const event of this.missed) this.send(event);
  }

  /** A sign of life each second, as the real server gives it. */
  beginAnswering() {
    const { socket } = this;
    const timer = setInterval(() => {
      if (socket.readyState !== socket.OPEN) clearInterval(timer);
      else if (this.lives) socket.send(JSON.stringify({ type: 'antiphon.heard', input_audio_ms: this.microphone.length * 20 }));
    }, 1000);
  }

  session() {
    const turn_detection = { type: 'server_vad', threshold: 0.5, silence_duration_ms: 500 };
    const antiphon = { partials: this.binary, binary_audio: this.binary, agent: this.agent };
    if (this.keeps) antiphon.resumable = false;
    const session = { type: 'realtime', id: 'sess_fake', audio: { input: { turn_detection } } };
    return this.additions ? { ...session, antiphon } : session;
  }

  receive(event) {
    if (event.type === 'input_audio_buffer.append') {
      this.microphone.push(Buffer.from(event.audio, 'base64'));
      return;
    }
    this.received.push(event);
    this.lastId = event.event_id ?? this.lastId;
    if (event.type !== 'session.update') return;
    if (!this.additions && event.session.antiphon !== undefined) {
      this.send({ type: 'error', error: { type: 'invalid_request_error', code: 'unknown_parameter', message: 'session.antiphon' } });
      return;
    }
    if (event.session.antiphon?.binary_audio === true) this.binary = true;
    this.send({ type: 'session.updated', session: this.session() });
    if (event.session.antiphon?.resumable === true) {
      this.send({ type: 'antiphon.session', ...kKept, resumed: false });
      this.beginAnswering();
    }
  }

  receiveBinary(data) {
    this.binaryFrames++;
    this.microphone.push(data);
  }
}

/** Waits for what the condition returns once that is neither undefined nor false. */
export async function until(condition, timeout = 5_000) {
  const end = performance.now() + timeout;
  for (;;) {
    const found = condition();
    if ((found !== undefined && found !== false) || performance.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
