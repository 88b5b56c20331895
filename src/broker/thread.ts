import { parentPort, workerData } from 'node:worker_threads';
import { StartFailure } from '../contract/start-failure.js';
import type { BrokerStart, FromBroker, GatewayToBroker, ToBroker } from '../contract/threads/broker.js';
import { threadId } from '../host/thread-id.js';
import { Broker } from './broker.js';
import { systemClock } from './clock.js';
import { LmdbStore } from './store/lmdb-store.js';
import { noStore, type Store } from './store/store.js';

// The broker thread: it has the sessions, gateways have the connections.

const TICK_MS = 1000;

const parent = parentPort;
if (!parent) throw new Error('src/broker/thread.ts runs as a worker thread');
const settings = workerData as BrokerStart;
const post = (message: FromBroker) => parent.postMessage(message);
const store = openStore(settings.folder);
const broker = new Broker({
  store,
  gateways: settings.gateways.map((port) => ({ postMessage: (message, transfer) => port.postMessage(message, [...transfer]) })),
  limits: settings.limits,
  clock: systemClock,
  report: (level, name, fields) => post({ kind: 'event', level, name, fields }),
  answer: (token, answer) => post({ kind: 'answer', token, answer }),
  exchange: settings.isShared
    ? (bytes) => parent.postMessage({ kind: 'exchange-send', bytes } satisfies FromBroker, [bytes.buffer])
    : undefined,
});

for (const [gateway, port] of settings.gateways.entries()) {
  port.on('message', (message: GatewayToBroker) => broker.receive(gateway, message));
}
parent.on('message', (message: ToBroker) => {
  if (message.kind === 'limits') broker.setLimits(message.limits);
  else if (message.kind === 'identity') {
    broker.setIdentity(message.news, message.isWhole);
    post({ kind: 'identity-known', token: message.token });
  } else if (message.kind === 'exchange-records') {
    broker.exchangeRecords(message.records);
    post({ kind: 'exchange-read' });
  } else if (message.kind === 'exchange-current') broker.exchangeCurrent();
  else if (message.kind === 'exchange-sent') broker.exchangeSent();
  else if (message.kind === 'devices-deleted') broker.dropDevices(message.numbers);
  else if (message.kind === 'ask') broker.ask(message.token, message.question);
  else void end();
});

let posted = '';
setInterval(() => {
  broker.tick();
  const counts = { ...broker.counts };
  const text = JSON.stringify(counts);
  if (text === posted) return;
  posted = text;
  post({ kind: 'counts', counts });
}, TICK_MS);
if (settings.isShared) post({ kind: 'exchange-begin', from: broker.exchangeNext });
post({ kind: 'ready', tid: threadId() });

/** Where the store cannot be opened the thread says why, and ends. */
function openStore(folder: string | undefined): Store {
  if (folder === undefined) return noStore;
  try {
    return LmdbStore.open(folder);
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    const { code, message, wayOut } = error;
    post({ kind: 'refused', code, message, wayOut });
    process.exit();
  }
}

async function end(): Promise<void> {
  await broker.drain();
  await store.close();
  process.exit();
}
