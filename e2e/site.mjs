// Starts the real program with demo accounts in a folder of its own, and ends it.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const SAMPLES = join(ROOT, 'samples');
const TOY = join(ROOT, 'crates/thorax-server/tests/fixtures/toy');
const DEADLINE = 120_000;

/** The program: `THORAX_BINARY`, or what `cargo build` made last. */
function binary() {
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
  const found = [process.env.THORAX_BINARY, join(target, 'debug/thorax'), join(target, 'release/thorax')];
  const one = found.find((path) => path && existsSync(path));
  if (!one) throw new Error('first: cargo build --package thorax-server');
  return resolve(one);
}

function freePort() {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/**
 * `{ address, passwords, log(), stop() }`. The toy bundle answers at once; `bundle: null` takes the one in models/. `made`
 * predictions are made up beforehand.
 */
export async function startSite({ bundle = TOY, environment = {}, made = 0 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'thorax-e2e-'));
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const data = join(folder, 'data');
  const env = { ...process.env, ...(bundle ? { THORAX_BUNDLE: bundle } : {}), ...environment };
  if (made) execFileSync(binary(), ['manage', 'seed-demo', '--predictions', `${made}`, '--data', data], { cwd: ROOT, env });
  const words = ['serve', '--demo', '--listen', `127.0.0.1:${port}`, '--data', data];
  const child = spawn(binary(), words, { cwd: ROOT, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes));
  let stopping = false;
  const ended = new Promise((done) => child.once('exit', done));
  ended.then((code) => stopping || console.error(`the site ended by itself with ${code}:\n${output.slice(-4000)}`));
  const stop = async () => {
    stopping = true;
    const forced = setTimeout(() => child.kill('SIGKILL'), 20_000);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(forced);
    rmSync(folder, { recursive: true, force: true });
  };
  const passwords = () => Object.fromEntries([...output.matchAll(/demo account: (\S+) (\S+)/g)].map((one) => one.slice(1)));
  const start = Date.now();
  while (Object.keys(passwords()).length < 3 || !(await answers(`${address}/readyz`))) {
    if (child.exitCode !== null || Date.now() - start > DEADLINE) {
      await stop();
      throw new Error(`the site does not start:\n${output}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  return { address, passwords: passwords(), log: () => output, stop };
}

async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
