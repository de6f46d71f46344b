// A bad network between the server and the browser: tests/network/impair.cpp, whose two ends are namespaces.

import { spawn } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { kBinary } from './real_server.mjs';

const kImpair = join(dirname(kBinary), 'tests/impair');
const kNoPermission = 77;

export class BadNetwork {
  address = '10.77.0.1'; // the server's

  /** A network, or { reason } where this machine does not let us make one. */
  static async start(seed = 1) {
    const network = new BadNetwork();
    network.process = spawn(kImpair, ['--seed', `${seed}`], { stdio: ['pipe', 'pipe', 'pipe'] });
    let complaint = '';
    network.process.stderr.on('data', (text) => (complaint += text));
    network.ended = new Promise((resolve, reject) => {
      network.process.on('error', (cause) => reject(new Error(`${kImpair} could not be started: build the target impair`, { cause })));
      network.process.on('close', resolve);
    });
    network.lines = createInterface({ input: network.process.stdout })[Symbol.asyncIterator]();
    const { value, done } = await Promise.race([network.lines.next(), network.ended.then(() => ({ done: true }))]);
    if (!done) {
      network.places = JSON.parse(value);
      return network;
    }
    const code = await network.ended;
    if (code !== kNoPermission) throw new Error(`impair ended with ${code}: ${complaint}`);
    return { reason: `this machine does not let us make network namespaces and TUN devices (${complaint.trim()})` };
  }

  /** Its end is the end of both namespaces. */
  async stop() {
    this.process.stdin.end();
    await this.ended;
  }

  /** From here on no UDP gets through; false: it does again. */
  dropUdp(drops) {
    return this.ask(`${drops ? 'drop' : 'pass'} udp`);
  }

  /** The command as it is run at that end. */
  command(side, words) {
    return ['nsenter', [`--net=${this.places[side]}`, '--', ...words]];
  }

  async ask(command) {
    this.process.stdin.write(`${command}\n`);
    const { value = 'no answer' } = await this.lines.next();
    if (value !== 'ok' && !value.startsWith('{')) throw new Error(`${command}: ${value}`);
    return value;
  }

  /** set('both', { loss: 0.1, delay_ms: 60 }): what is not named stays as it is. */
  set(way, settings) {
    return this.ask(`set ${way} ${Object.entries(settings).map(([name, value]) => `${name}=${value}`).join(' ')}`);
  }

  async counts() {
    return JSON.parse(await this.ask('count'));
  }

  /** A program that starts the other one at the client's end, for those who take a path. */
  async program(folder, other) {
    const [enter, words] = this.command('client', [other]);
    const path = join(folder, 'at_the_client');
    await writeFile(path, `#!/bin/sh\nexec ${enter} ${words.join(' ')} "$@"\n`);
    await chmod(path, 0o755);
    return path;
  }
}
