import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { root } from '../source-tree.js';
import { until } from '../support/until.js';

// Runs only where the addon was built: test/run.ts says so where it was not.

const thread = new URL('./reactor-thread.js', import.meta.url);

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

function residentKiB(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

async function start(): Promise<{ worker: Worker; port: number }> {
  const worker = new Worker(thread);
  const [port] = (await once(worker, 'message')) as [number];
  return { worker, port };
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

test('the tests in Rust pass', () => {
  const manifest = join(root, 'native', 'Cargo.toml');
  const said = execFileSync('cargo', ['test', '--locked', '--quiet', '--manifest-path', manifest, '-p', 'spillway-reactor'], {
    encoding: 'utf8',
  });
  assert.match(said, /test result: ok/);
  assert.doesNotMatch(said, /FAILED|failed; [1-9]/);
});

test('a thread that is terminated with its reactor open leaves no descriptor behind', async () => {
  const before = descriptors();
  for (let round = 0; round < 10; round++) {
    const { worker, port } = await start();
    const socket = await open(port);
    socket.write('as it goes down');
    await worker.terminate();
    socket.destroy();
  }
  await until('the descriptors', () => descriptors() <= before);
});

test('connections and reactors that come and go leave nothing behind', { timeout: 180_000 }, async () => {
  const { worker, port } = await start();
  // The peers are a process of their own: what is resident here is the reactor's.
  const peers = fork(new URL('./connector.js', import.meta.url), [String(port)]);
  const rounds = async (count: number) => {
    peers.send(count);
    await once(peers, 'message');
  };
  await rounds(10);
  const before = descriptors();
  const warm = residentKiB();
  await rounds(60);
  await until('the descriptors', () => descriptors() <= before);
  const grown = residentKiB() - warm;
  // The record of a connection is a tenth of a KiB, and its buffers are many: 30,000 that stay would be more than this.
  assert.ok(grown < 3 * 1024, `${grown} KiB more than after the warm-up`);
  peers.disconnect();
  await once(peers, 'exit');
  await worker.terminate();
});
