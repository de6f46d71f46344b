// A real nginx with the whole configuration of deploy/nginx.conf, whose TLS was switched on by deploy/enable_tls.sh.

import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const kDeploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const kStartTimeout = 20_000;
const run = promisify(execFile);

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

const listens = (port) =>
  new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1');
    probe.on('connect', () => resolve(true)).on('error', () => resolve(false));
    probe.on('connect', () => probe.destroy());
  });

export class Nginx {
  name = 'voice.test';

  /** Before the server at this origin (http://localhost:PORT). */
  static async start(upstream) {
    const nginx = new Nginx();
    nginx.folder = await mkdtemp(join(tmpdir(), 'antiphon-nginx-'));
    await nginx.makeCertificate();
    const configuration = join(nginx.folder, 'nginx.conf');
    await writeFile(configuration, await readFile(join(kDeploy, 'nginx.conf')));
    const files = ['--conf', configuration, '--cert', join(nginx.folder, 'certificate.pem'), '--key', join(nginx.folder, 'key.pem')];
    await run(join(kDeploy, 'enable_tls.sh'), [nginx.name, ...files]);
    const port = await freePort();
    await writeFile(configuration, nginx.ownPlaces(await readFile(configuration, 'utf8'), await freePort(), port, new URL(upstream).port));
    nginx.origin = `https://${nginx.name}:${port}`;

    const own = `daemon off;${process.getuid() === 0 ? ' user root;' : ''}`;
    const path = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;
    nginx.process = spawn('nginx', ['-c', configuration, '-e', join(nginx.folder, 'error.log'), '-g', own], { env: { ...process.env, PATH: path }, stdio: 'ignore' });
    let ended;
    nginx.ended = new Promise((resolve) => {
      nginx.process.on('error', (error) => resolve((ended = `could not be started: ${error.message}`)));
      nginx.process.on('exit', (code) => resolve((ended = `ended with ${code}`)));
    });
    const end = performance.now() + kStartTimeout;
    while (!(await listens(port))) {
      if (ended === undefined && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
      else throw new Error(`nginx ${ended ?? 'does not listen'}: ${await nginx.log('error')}`);
    }
    return nginx;
  }

  /** A certificate of an authority that nobody knows, and the hash of its key. */
  async makeCertificate() {
    const openssl = (...words) => run('openssl', words, { cwd: this.folder });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout'];
    await openssl('req', '-x509', ...key, 'ca-key.pem', '-days', '2', '-subj', '/CN=Test authority', '-out', 'ca.pem');
    await openssl('req', ...key, 'key.pem', '-subj', `/CN=${this.name}`, '-out', 'request.pem');
    await writeFile(join(this.folder, 'names'), `subjectAltName=DNS:${this.name}\n`);
    await openssl('x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', '1',
      '-extfile', 'names', '-out', 'certificate.pem');
    await openssl('pkey', '-in', 'key.pem', '-pubout', '-outform', 'DER', '-out', 'public.der');
    this.keyHash = createHash('sha256').update(await readFile(join(this.folder, 'public.der'))).digest('base64');
  }

  /** The test's own ports and folders. */
  ownPlaces(text, plainPort, port, upstreamPort) {
    const changes = [
      [/listen 80\b/g, `listen 127.0.0.1:${plainPort}`],
      [/listen 443 ssl/g, `listen 127.0.0.1:${port} ssl`],
      [/\/run\/(nginx|antiphon)/g, `${this.folder}/$1`],
      [/\/dev\/stdout/g, `${this.folder}/access.log`],
      [/\/dev\/stderr/g, `${this.folder}/error.log`],
      [/app:8080/g, `127.0.0.1:${upstreamPort}`],
    ];
    return changes.reduce((changed, [what, to]) => {
      if (!what.test(changed)) throw new Error(`${what} is not in deploy/nginx.conf`);
      return changed.replace(what, to);
    }, text);
  }

  log(name = 'access') {
    return readFile(join(this.folder, `${name}.log`), 'utf8').catch(() => '');
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}
