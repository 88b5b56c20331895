import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { TrafficWriter } from '../../src/contract/broker/traffic.js';
import type { BrokerToGateway, FromBroker, GatewayToBroker, ToBroker } from '../../src/contract/threads/broker.js';
import { until } from '../support/until.js';
import { everything, GatewayDouble, limits, ofService, type Publish, writePublish } from './site.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-broker-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The thread itself, with one gateway. */
class Running {
  readonly gateway = new GatewayDouble();
  readonly said: FromBroker[] = [];
  readonly #worker: Worker;
  readonly #port: MessageChannel['port1'];
  readonly #ended: Promise<unknown>;

  constructor(store: string | undefined) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: BrokerToGateway) => this.gateway.postMessage(message));
    this.#worker = new Worker(new URL('../../src/broker/thread.js', import.meta.url), {
      workerData: { folder: store, gateways: [port2], limits },
      transferList: [port2],
    });
    this.#worker.on('message', (message: FromBroker) => this.said.push(message));
    this.#worker.postMessage({ kind: 'identity', token: 1, news: everything, isWhole: true } satisfies ToBroker);
    this.#ended = once(this.#worker, 'exit');
  }

  post(message: GatewayToBroker): void {
    this.#port.postMessage(message);
  }

  attach(session: number, label: string): void {
    const client = ofService('acme', label);
    const more = { connection: session, level: 5, cleanStart: false, expirySeconds: 3600, receiveMax: 10, atMs: Date.now() };
    this.post({ kind: 'attach', session, client, ...more });
  }

  publish(number: number, topic: string, payload: string, options: Publish): void {
    const writer = new TrafficWriter();
    writePublish(writer, 0, 'acme', topic, payload, options);
    this.post({ kind: 'traffic', number, bytes: writer.take() });
  }

  async stop(): Promise<void> {
    this.#worker.postMessage({ kind: 'stop' });
    await this.ended();
  }

  async ended(): Promise<void> {
    await this.#ended;
    this.#port.close();
  }
}

test('the thread serves its gateways and its owner, and takes up its store after a stop', async () => {
  const store = join(folder, 'stopped');
  const first = new Running(store);
  first.attach(1, 'c');
  const subscription = { filter: 't', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  first.post({ kind: 'subscribe', session: 1, packetId: 5, subscriptions: [subscription] });
  first.post({ kind: 'detach', session: 1, isClean: true, atMs: Date.now() });
  first.publish(1, 't', 'waits', { qos: 1 });
  await until('it is settled', () => first.gateway.settled === 1);
  await first.stop();
  assert.deepEqual(first.gateway.of('taps'), [{ kind: 'taps', tenant: 'acme', added: ['t'], removed: [] }]);
  const second = new Running(store);
  second.attach(1, 'c');
  await until('it is delivered', () => second.gateway.messages.length === 1);
  assert.equal(second.gateway.of('attached')[0]?.isPresent, true);
  await second.stop();
  assert.ok(second.said.some((one) => one.kind === 'event' && one.name === 'mqtt-sessions-loaded' && one.fields.sessions === 1));
});

test('a store that is cut short, that is none, or that is of another version is refused with a way out', async () => {
  const refusal = async (store: string) => {
    const running = new Running(store);
    await running.ended();
    return running.said.find((one) => one.kind === 'refused');
  };
  const make = async (name: string) => {
    const store = join(folder, name);
    const running = new Running(store);
    running.publish(1, 't', 'x'.repeat(20_000), { retain: true });
    await until('it is settled', () => running.gateway.settled === 1);
    await running.stop();
    return store;
  };
  const cut = await make('cut');
  truncateSync(join(cut, 'sessions.mdb'), 8192);
  assert.match((await refusal(cut))?.message ?? '', /^cannot open .*sessions\.mdb: it is cut short: it has 8192 bytes of \d+$/);
  const other = await make('other');
  writeFileSync(join(other, 'sessions.mdb'), 'something else');
  assert.equal((await refusal(other))?.code, 'mqtt_store_unreadable');
  const newer = await make('newer');
  const path = join(newer, 'sessions.mdb');
  const bytes = readFileSync(path);
  // The version's record is the only one with this name.
  const at = bytes.indexOf('version');
  assert.ok(at > 0);
  for (let place = at; place >= 0; place = bytes.indexOf('version', place + 1)) {
    const value = bytes.indexOf('2', place);
    bytes[value] = 0x33;
  }
  writeFileSync(path, bytes);
  const found = await refusal(newer);
  assert.equal(found?.code, 'mqtt_store_version');
  assert.match(found?.message ?? '', /is of version 3, and this build reads version 2/);
  assert.match(found?.wayOut ?? '', /move the file aside/);
});
