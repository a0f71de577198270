// What the Node peers share: a server, by default `rouse serve` on a directory made for the test, and checks.
// Arguments of every script here: TOOL REACTOR.
import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

const limit_ms = 90_000; // of a whole script: a peer that waits for ever is a failure
const [tool, reactor] = process.argv.slice(2);

export function skip(why) {
  console.log(`SKIPPED: ${why}`);
  process.exit(77);
}

let failures = 0;
export function check(what, have, want) {
  if (JSON.stringify(have) === JSON.stringify(want)) return;
  failures += 1;
  console.log(`FAILED: ${what}: have ${JSON.stringify(have)}, want ${JSON.stringify(want)}`);
}

const serve = (site) => ['serve', site, '--port', '0', '--quiet'];

/// Serves `files`, a map from names to contents (null: a directory), calls `visit(url)` and judges.
export async function with_server(files, visit, command = serve) {
  const work = mkdtempSync(join(tmpdir(), 'rouse_peers_'));
  const site = join(work, 'site');
  mkdirSync(site);
  for (const [name, content] of Object.entries(files)) {
    if (content === null) mkdirSync(join(site, name));
    else writeFileSync(join(site, name), content);
  }
  const server = spawn(tool, command(site), {
    env: { ...process.env, ROUSE_REACTOR: reactor },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.on('exit', () => {
    server.kill('SIGKILL');
    rmSync(work, { recursive: true, force: true });
  });
  setTimeout(() => {
    console.log(`FAILED: not done after ${limit_ms} ms`);
    process.exit(1);
  }, limit_ms).unref();

  const [greeting] = await once(server.stdout, 'data');
  const [, url, backend] = /at (http:\S+)\/ \((\w+)\)/.exec(greeting);
  if (backend !== reactor) skip(`no ${reactor} here`);
  try {
    await visit(url, work);
  } catch (e) {
    failures += 1;
    console.log(`FAILED: ${e.stack}`);
  }
  server.kill('SIGTERM');
  const [code] = await once(server, 'exit');
  check('after SIGTERM the server exits', code, 0);
  if (failures === 0) console.log('all is well');
  process.exit(failures === 0 ? 0 : 1);
}
