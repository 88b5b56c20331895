import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { READ_BYTES, READ_OFFSET } from '../../assembly/abi/gateway.js';
import { KernelMemory, kernelMemory } from '../../src/host/kernel.js';
import { openReactor } from '../../src/reactor/open-reactor.js';
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

test('connections that find no free descriptor wait until there is one', async () => {
  const limited = 'ulimit -n 100 && exec "$0" "$1"';
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  const child = spawn('sh', ['-c', limited, process.execPath, fileURLToPath(thread)], { stdio: [...stdio] });
  const [port] = (await once(child, 'message')) as [number];
  const waiting = new Set<Socket>();
  const heard: Socket[] = [];
  for (let i = 0; i < 300; i++) {
    const socket = await open(port);
    waiting.add(socket);
    socket.once('data', () => {
      waiting.delete(socket);
      heard.push(socket);
    });
    socket.write('x');
  }
  await until('those that find one', () => heard.length > 10);
  assert.ok(waiting.size > 0, 'the limit is lower than what was opened');
  await until('all of them', () => {
    for (const socket of heard.splice(0)) socket.destroy();
    return waiting.size === 0;
  });
  child.disconnect();
  child.kill();
  await once(child, 'exit');
});

test('reactors share a port only when they mean to', async () => {
  const bare = () =>
    openReactor('native', { memory: new KernelMemory(kernelMemory(READ_OFFSET + READ_BYTES)), turn: () => {}, refused: () => {} });
  const [first, second, third] = [bare(), bare(), bare()];
  const port = await first.listen('127.0.0.1', 0);
  assert.equal(await second.listen('127.0.0.1', port, { isShared: true }), port);
  await assert.rejects(third.listen('127.0.0.1', port), new RegExp(`cannot listen on 127.0.0.1:${port}: .*EADDRINUSE`));
  await Promise.all([first, second, third].map((reactor) => reactor.stop()));
});

test('opening and ending connections and reactors leaks no descriptor and no memory', async (t) => {
  const { worker, port } = await start();
  t.after(() => worker.terminate());
  // The peers are a process of their own: what is resident here is the reactor's.
  const peers = fork(new URL('./connector.js', import.meta.url), [String(port)]);
  t.after(() => peers.kill());
  const rounds = async (count: number) => {
    peers.send(count);
    await once(peers, 'message');
  };
  const before = descriptors();
  // The runtime takes memory of its own for the first thousands of connections, and keeps it.
  await rounds(60);
  const warm = residentKiB();
  await rounds(60);
  await until('the descriptors', () => descriptors() <= before);
  const grown = residentKiB() - warm;
  // The record of a connection is a tenth of a KiB, and its buffers are many: 30,000 that stay would be more than this.
  assert.ok(grown < 3 * 1024, `${grown} KiB more than after the warm-up`);
});
