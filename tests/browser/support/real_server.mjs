// The real server as a process of its own, and its recognizer as a reader of what was played.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';
import { toPcm } from './wav.mjs';

export const kBinary = process.env.ANTIPHON_BINARY ?? fileURLToPath(new URL('../../../build/release/antiphon', import.meta.url));
const kLoadTimeout = 120_000;
const kStopTimeout = 20_000;

export class RealServer {
  log = '';

  /**
   * Starts the server with these settings ("key=value"), on a free port or this one, and waits until it is ready.
   * With a network (bad_network.mjs) it runs at that one's server end.
   */
  static async start(settings = [], port = 0, network = undefined) {
    const server = new RealServer();
    server.settings = settings;
    server.network = network;
    server.folder = await mkdtemp(join(tmpdir(), 'antiphon-server-'));
    const portFile = join(server.folder, 'port');
    const args = ['serve', '--port', `${port}`, '--port-file', portFile, ...settings.flatMap((setting) => ['--set', setting])];
    if (network !== undefined) args.push('--host', network.address, '--open');
    const [program, words] = network?.command('server', [kBinary, ...args]) ?? [kBinary, args];
    // The server refuses a setting that it does not know, and these are the tests' own.
    const { ANTIPHON_BINARY, ANTIPHON_SCREENSHOTS, ...env } = process.env;
    server.process = spawn(program, words, { cwd: server.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [server.process.stdout, server.process.stderr]) {
      stream.on('data', (text) => (server.log = (server.log + text).slice(-8_000)));
    }
    server.ended = new Promise((resolve) => {
      server.process.on('error', (error) => resolve(`could not be started: ${error.message}`));
      server.process.on('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
    });
    try {
      await server.untilReady(portFile);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  async stop() {
    const killer = setTimeout(() => this.process.kill('SIGKILL'), kStopTimeout);
    this.process.kill('SIGTERM');
    await this.ended;
    clearTimeout(killer);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Ends it without a word to anybody, as a crash does. */
  async crash() {
    this.process.kill('SIGKILL');
    await this.stop();
  }

  /** Another one with the same settings at the same address; this one has ended. */
  again() {
    return RealServer.start(this.settings, Number(new URL(this.origin).port));
  }

  /** What the server's recognizer hears in the sound (24 kHz): one turn that is committed by hand. */
  async transcribe(samples) {
    const socket = new WebSocket(`${this.origin.replace('http', 'ws')}/v1/realtime?model=antiphon`, ['realtime']);
    const send = (event) => socket.send(JSON.stringify(event));
    try {
      return await new Promise((resolve, reject) => {
        socket.on('error', reject);
        socket.on('close', () => reject(new Error('the server closed the connection')));
        socket.on('message', (message) => {
          const event = JSON.parse(String(message));
          if (event.type === 'session.created') {
            const input = { turn_detection: null, transcription: { language: 'en' } };
            send({ type: 'session.update', session: { type: 'realtime', audio: { input } } });
            for (let at = 0; at < samples.length; at += 24000) {
              const audio = toPcm(samples.subarray(at, at + 24000)).toString('base64');
              send({ type: 'input_audio_buffer.append', audio });
            }
            send({ type: 'input_audio_buffer.commit' });
          }
          if (event.type === 'error') reject(new Error(event.error.message));
          if (event.type === 'conversation.item.input_audio_transcription.completed') resolve(event.transcript);
          if (event.type === 'conversation.item.input_audio_transcription.failed') reject(new Error(event.error.message));
        });
      });
    } finally {
      socket.removeAllListeners('close');
      socket.close();
    }
  }

  async isReady() {
    const address = `${this.origin}/ready`;
    if (this.network === undefined) return (await fetch(address).catch(() => undefined))?.ok ?? false;
    const ask = promisify(execFile)(...this.network.command('server', ['curl', '--silent', '--fail', address]));
    return ask.then(() => true, () => false);
  }

  async untilReady(portFile) {
    let ended;
    void this.ended.then((how) => (ended = how));
    const end = performance.now() + kLoadTimeout;
    while (performance.now() < end) {
      if (ended !== undefined) throw new Error(`the server ${kBinary} ${ended}\n${this.log}`);
      const port = await readFile(portFile, 'utf8').catch(() => '');
      if (port !== '') {
        this.origin = `http://${this.network?.address ?? 'localhost'}:${port.trim()}`;
        if (await this.isReady()) return;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`the server was not ready within ${kLoadTimeout / 1000} s\n${this.log}`);
  }
}

/** Word errors of `heard` per word of `said`: the least insertions, deletions and replacements. */
export function wordErrorRate(said, heard) {
  const a = words(said);
  const b = words(heard);
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  a.forEach((word, i) => {
    const next = [i + 1];
    b.forEach((other, j) => {
      next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (word === other ? 0 : 1)));
    });
    row = next;
  });
  return row[b.length] / Math.max(1, a.length);
}

function words(text) {
  return text.toLowerCase().replace(/[’']/g, '').replace(/[^\p{L}\p{N}]+/gu, ' ').trim().split(' ').filter(Boolean);
}
