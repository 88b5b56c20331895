import { MessageChannel, Worker } from 'node:worker_threads';
import type { GatewayToBroker, ToBroker } from '../../src/contract/threads/broker.js';
import { everything, limits } from './site.js';

// A process with a broker thread, which hands on what its gateway and the thread say, until it is killed.

const channel = new MessageChannel();
const worker = new Worker(new URL('../../src/broker/thread.js', import.meta.url), {
  workerData: {
    folder: process.argv[2],
    gateways: [channel.port2],
    limits: { ...limits, queuedPerClientMax: 1e6, queuedBytesPerClientMax: 1e9 },
  },
  transferList: [channel.port2],
});
worker.postMessage({ kind: 'identity', token: 1, news: everything, isWhole: true } satisfies ToBroker);
worker.on('message', (message: { kind: string }) => {
  if (message.kind === 'ready') process.send?.({ kind: 'ready' });
});
channel.port1.on('message', (message) => process.send?.(message));
process.on('message', (message: GatewayToBroker) => channel.port1.postMessage(message));
