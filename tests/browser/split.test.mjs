// The deployment guide's split set-up: the page on the local PC, the backend on another machine. Both are namespaces with
// a network between them; the PC has nothing but its own files, its own server, and what the network leads to.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { BadNetwork } from './support/bad_network.mjs';
import { kChromium, openPage, startBrowser } from './support/browser.mjs';
import { keepPeers, microphone } from './support/question.mjs';
import { RealServer } from './support/real_server.mjs';
import { takeTurn } from './support/turn.mjs';

const kPatient = 'transport=auto&fallback_ms=30000'; // a busy machine is not a blocked network
// What `ssh -L 8080:localhost:8080` does on the PC, but for the encryption: TCP, and nothing else.
const kTunnel = `
  const [host, port] = process.argv.slice(1);
  require('node:net').createServer((near) => {
    const far = require('node:net').connect(Number(port), host);
    near.pipe(far).pipe(near);
    for (const end of [near, far]) end.on('error', () => { near.destroy(); far.destroy(); });
  }).listen(8080, '127.0.0.1', () => console.log('open'));`;
const run = promisify(execFile);

let folder;
let network;
let backend;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antiphon-split-'));
  network = await BadNetwork.start();
  if (network.reason !== undefined) return;
  await run(...network.command('client', ['ip', 'link', 'set', 'lo', 'up']));
  network.set('both', { delay_ms: 20 });
  const settings = [`webrtc.bind_address=${network.address}`, 'webrtc.ports=10000', 'language_model.max_tokens=24'];
  backend = await RealServer.start([...settings, 'session.instructions=Answer in one short sentence.'], 0, network);
});

after(async () => {
  await backend?.stop();
  await network?.stop?.();
  await rm(folder, { recursive: true, force: true });
});

async function callFromPc(address, way) {
  const executable = await network.program(folder, kChromium);
  const browser = await startBrowser({ microphone: await microphone(folder, way, [4]), executable });
  try {
    const { page, requests, errors } = await openPage(browser, address, { script: keepPeers });
    assert.equal(await page.evaluate(() => window.isSecureContext), true, 'else there is no microphone');
    const stats = await takeTurn(page, way);
    assert.deepEqual(errors, []);
    return { requests, stats };
  } finally {
    await browser.close();
  }
}

test('the page from the PC\'s own server, the call by WebRTC', async (t) => {
  if (network.reason !== undefined) return t.skip(network.reason);
  const pc = { address: '127.0.0.1', command: (_, words) => network.command('client', words) };
  const own = await RealServer.start([], 0, pc);
  try {
    const { requests, stats } = await callFromPc(`${own.origin}/call?server=${backend.origin}&${kPatient}`, 'WebRTC');
    assert.ok(requests.includes(`${backend.origin}/ready`), 'it is the backend that is asked');
    assert.ok(stats.packetsReceived > 20);
  } finally {
    await own.stop();
  }
});

test('the page from a file, the call by WebSocket', async (t) => {
  if (network.reason !== undefined) return t.skip(network.reason);
  const file = join(folder, 'call.html');
  const { stdout } = await run(...network.command('client', ['curl', '--silent', '--fail', `${backend.origin}/call`]), { maxBuffer: 1 << 24 });
  await writeFile(file, stdout);
  await callFromPc(`${pathToFileURL(file)}?server=${backend.origin}&transport=websocket`, 'WebSocket');
});

test('through a tunnel: WebRTC beside it, and where no UDP gets through the WebSocket in it', async (t) => {
  if (network.reason !== undefined) return t.skip(network.reason);
  const { hostname, port } = new URL(backend.origin);
  const [program, words] = network.command('client', [process.execPath, '-e', kTunnel, hostname, port]);
  const tunnel = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve, reject) => tunnel.stdout.once('data', resolve) && tunnel.once('exit', () => reject(new Error('the tunnel has ended'))));
    const { stats } = await callFromPc(`http://localhost:8080/call?${kPatient}`, 'WebRTC');
    assert.ok(stats.packetsReceived > 20);
    await network.dropUdp(true);
    await callFromPc('http://localhost:8080/call?transport=auto', 'WebSocket');
  } finally {
    await network.dropUdp(false);
    tunnel.kill();
  }
});
