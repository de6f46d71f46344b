// Bundles the widget into dist/antiphon.js, and the page, which is that widget filling a page, into one file:
// dist/call_interface.html. Scripts, styles and worklets are inside, and the page's content security policy
// allows nothing else. With --tests it bundles the unit tests instead.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const common = { bundle: true, write: false, target: 'es2022', logLevel: 'warning' };

async function bundle(entry, options) {
  const result = await build({ ...common, minify: true, entryPoints: [`${here}src/${entry}`], ...options });
  return result.outputFiles[0].text.trim();
}

/** `import text from 'inline:FILE'` gives FILE as a string: scripts and styles bundled, HTML without its indents. */
const inline = {
  name: 'inline',
  setup(setup) {
    setup.onResolve({ filter: /^inline:/ }, ({ path }) => ({ path: path.slice('inline:'.length), namespace: 'inline' }));
    setup.onLoad({ filter: /.*/, namespace: 'inline' }, async ({ path }) => ({
      contents: path.endsWith('.html') ? await unindented(path) : await bundle(path, { format: 'iife' }),
      loader: 'text',
    }));
  },
};

async function unindented(path) {
  return (await readFile(`${here}src/${path}`, 'utf8')).replace(/\s*\n\s*/g, '\n').trim();
}

async function buildPage() {
  const script = (await bundle('antiphon.ts', { format: 'iife', plugins: [inline] })).replace(/<\/(script)/gi, '<\\/$1');
  const style = await bundle('page.css', {});
  const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const parts = {
    script,
    style,
    policy: [
      "default-src 'none'",
      `script-src ${hash(script)} blob: data:`,
      `style-src ${hash(style)}`,
      'img-src data:',
      'connect-src http: https: ws: wss:',
      "base-uri 'none'",
      "form-action 'none'",
    ].join('; '),
  };
  const template = await readFile(`${here}src/call_interface.html`, 'utf8');
  const page = template.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
  await mkdir(`${here}dist`, { recursive: true });
  await writeFile(`${here}dist/call_interface.html`, page);
  await writeFile(`${here}dist/antiphon.js`, script);
  for (const [name, text] of [['call_interface.html', page], ['antiphon.js', script]]) {
    const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
    console.log(`dist/${name} ${kib(Buffer.byteLength(text))}, ${kib(gzipSync(text).length)} compressed`);
  }
}

async function buildTests() {
  await rm(`${here}dist/tests`, { recursive: true, force: true });
  const tests = (await readdir(`${here}test`)).filter((name) => name.endsWith('_test.ts'));
  await build({
    ...common,
    write: true,
    format: 'esm',
    platform: 'node',
    sourcemap: 'inline',
    entryPoints: tests.map((name) => `${here}test/${name}`),
    outdir: `${here}dist/tests`,
    outExtension: { '.js': '.test.mjs' },
  });
}

await (process.argv.includes('--tests') ? buildTests() : buildPage());
