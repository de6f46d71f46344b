// A fake of the server: the page, /ready and a WebSocket that says what the test tells it to say. It knows
// nothing of speech; what the real server does is tested in spoken_call.test.mjs.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { fromPcm, toPcm } from './wav.mjs';

const kPage = new URL('../../../web/dist/call_interface.html', import.meta.url);

export class FakeServer {
  ready = true;
  accepts = true;
  protocol = ''; // the subprotocol that the page asked for
  received = []; // events but for the microphone's
  microphone = []; // the samples' bytes, one Buffer for each append
  socket;

  static async start() {
    const page = await readFile(kPage).catch(() => {
      throw new Error('web/dist/call_interface.html is not built: run npm ci && npm run build in web/');
    });
    const fake = new FakeServer();
    fake.http = createServer((request, response) => fake.answer(request, response, page));
    fake.websockets = new WebSocketServer({ noServer: true });
    fake.http.on('upgrade', (request, socket, head) => fake.upgrade(request, socket, head));
    await new Promise((resolve) => fake.http.listen(0, '127.0.0.1', resolve));
    fake.port = fake.http.address().port;
    fake.origin = `http://localhost:${fake.port}`;
    return fake;
  }

  async stop() {
    this.socket?.terminate();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
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
    const timer = setInterval(() => {
      const due = Math.floor((performance.now() - began) / 20);
      for (; sent < due && sent * frame < samples.length; sent++) {
        const piece = samples.subarray(sent * frame, (sent + 1) * frame);
        this.send({ type: 'response.output_audio.delta', ...part, delta: toPcm(piece).toString('base64') });
      }
      if (sent * frame >= samples.length) {
        clearInterval(timer);
        this.send({ type: 'response.output_audio.done', ...part });
      }
    }, 10);
    return () => clearInterval(timer);
  }

  answer(request, response, page) {
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (request.url === '/call') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(page);
    } else if (request.url === '/ready') {
      response.writeHead(this.ready ? 200 : 503, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ ready: this.ready, whisper_ready: this.ready, lid_ready: false, device: 'cpu' }));
    } else {
      response.writeHead(404).end();
    }
  }

  upgrade(request, socket, head) {
    const url = new URL(request.url, this.origin);
    if (!this.accepts || url.pathname !== '/v1/realtime' || url.searchParams.get('model') !== 'antiphon') {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
      return;
    }
    this.websockets.handleUpgrade(request, socket, head, (accepted) => {
      this.socket = accepted;
      this.protocol = accepted.protocol;
      this.received = [];
      this.microphone = [];
      accepted.on('message', (data) => this.receive(JSON.parse(String(data))));
      this.send({ type: 'session.created', session: { type: 'realtime', id: 'sess_fake' } });
    });
  }

  receive(event) {
    if (event.type === 'input_audio_buffer.append') this.microphone.push(Buffer.from(event.audio, 'base64'));
    else this.received.push(event);
  }
}

async function until(condition, timeout) {
  const end = performance.now() + timeout;
  for (;;) {
    const found = condition();
    if (found !== undefined || performance.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
