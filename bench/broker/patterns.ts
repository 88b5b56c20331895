import { performance } from 'node:perf_hooks';
import { processCpuSeconds } from '../process-cpu.js';
import { BenchClient, type ClientOptions, type Qos, text } from './client.js';

/** Who publishes to whom. */
export interface Pattern {
  readonly name: string;
  readonly qos: Qos;
  /** Each has a topic of its own. */
  readonly publishers: number;
  /** Subscribers of each topic; with `isShared` they are the same for all topics. */
  readonly subscribers: number;
  readonly isShared: boolean;
  /** Messages of all publishers. */
  readonly messages: number;
  /** Messages of a publisher that are under way to all of their subscribers. */
  readonly window: number;
}

/** A broker as the clients of a bench see it. */
export interface BrokerTarget extends Pick<ClientOptions, 'port' | 'user' | 'password'> {
  readonly pid: number;
}

export interface Routed {
  /** Messages that came to subscribers. */
  readonly delivered: number;
  readonly perSecond: number;
  readonly perCpuSecond: number;
  readonly cpuUsEach: number;
}

const PAYLOAD_BYTES = 100;
/** What a server compiles and grows once, it has done after so many messages. */
const WARM_UP = 0.2;
const CONNECTS_AT_ONCE = 50;

interface Publisher {
  readonly client: BenchClient;
  readonly topic: Buffer;
  readonly quota: number;
  sent: number;
  /** Messages that came to a subscriber, each counted for each subscriber. */
  arrived: number;
}

/** Runs a pattern on a broker. Throws where a message is lost, doubled or out of order. */
export async function runPattern(target: BrokerTarget, pattern: Pattern): Promise<Routed> {
  const { publishers, subscribers, isShared } = pattern;
  const open = (id: string) => new BenchClient({ ...target, id });
  const groups = isShared ? 1 : publishers;
  const readers = await openAll(groups * subscribers, (index) => open(`sub-${index}`));
  const writers = await openAll(publishers, (index) => open(`pub-${index}`));
  try {
    for (const [index, reader] of readers.entries()) {
      await reader.subscribe(isShared ? 'bench/#' : `bench/${Math.floor(index / subscribers)}`, pattern.qos);
    }
    await exchange(pattern, writers, readers, Math.ceil(pattern.messages * WARM_UP));
    const before = processCpuSeconds(target.pid) ?? 0;
    const startMs = performance.now();
    const delivered = await exchange(pattern, writers, readers, pattern.messages);
    const seconds = (performance.now() - startMs) / 1000;
    const cpuSeconds = (processCpuSeconds(target.pid) ?? 0) - before;
    return {
      delivered,
      perSecond: Math.round(delivered / seconds),
      perCpuSecond: Math.round(delivered / cpuSeconds),
      cpuUsEach: Number(((cpuSeconds / delivered) * 1e6).toFixed(2)),
    };
  } finally {
    for (const client of [...readers, ...writers]) client.end();
  }
}

/** Publishes `messages` and waits until every subscriber has its own, and every publisher its acknowledgements. */
function exchange(pattern: Pattern, writers: readonly BenchClient[], readers: readonly BenchClient[], messages: number): Promise<number> {
  const { qos, window, subscribers } = pattern;
  const quota = Math.ceil(messages / writers.length);
  const senders: Publisher[] = writers.map((client, index) => ({ client, topic: text(`bench/${index}`), quota, sent: 0, arrived: 0 }));
  const expected = quota * writers.length * subscribers;
  let delivered = 0;
  return new Promise((resolve, reject) => {
    const finish = () => {
      if (delivered === expected && senders.every(({ client }) => client.unacknowledged === 0)) resolve(delivered);
    };
    const fill = (sender: Publisher) => {
      while (sender.sent < quota && sender.sent - sender.arrived / subscribers < window) {
        sender.client.publish(sender.topic, payloadOf(senders.indexOf(sender), sender.sent++), qos);
      }
      sender.client.send();
    };
    for (const reader of readers) {
      const next = new Uint32Array(writers.length);
      reader.received = (payload) => {
        const from = payload.readUInt32LE(0);
        const number = payload.readUInt32LE(4);
        if (number !== next[from]) reject(new Error(`cannot bench: message ${number} of publisher ${from} came in place of ${next[from]}`));
        next[from] = number + 1;
        delivered++;
        const sender = senders[from] as Publisher;
        sender.arrived++;
        touched.add(sender);
      };
      reader.afterRead = () => {
        for (const sender of touched) fill(sender);
        touched.clear();
        finish();
      };
    }
    const touched = new Set<Publisher>();
    for (const sender of senders) {
      sender.client.afterRead = finish;
      fill(sender);
    }
  });
}

function payloadOf(publisher: number, number: number): Buffer {
  const payload = Buffer.alloc(PAYLOAD_BYTES, 0x2e);
  payload.writeUInt32LE(publisher, 0);
  payload.writeUInt32LE(number, 4);
  return payload;
}

async function openAll(count: number, open: (index: number) => BenchClient): Promise<BenchClient[]> {
  const clients: BenchClient[] = [];
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(CONNECTS_AT_ONCE, count - clients.length) }, (_, index) => open(clients.length + index));
    clients.push(...some);
    await Promise.all(some.map((client) => client.ready()));
  }
  return clients;
}
