import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLAG_TRANSPORT_HTTP } from '../../assembly/abi/block.js';
import { COUNTER_GATEWAY_ACKED, COUNTER_GATEWAY_RECEIVED } from '../../assembly/abi/counters.js';
import { ACKS_MAX, BLOCK_SLOTS, EVENT_DATA, SENDS_MAX } from '../../assembly/abi/gateway.js';
import { BLOCK_AGE_US_MAX, PAYLOAD_BYTES_MAX } from '../../assembly/abi/limits.js';
import { STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { partitionOf } from '../../src/contract/partition.js';
import { hashToken } from '../../src/contract/token.js';
import { puback, pubcomp, publish, pubrec, pubrel } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs } from '../cases/mqtt-case.js';
import { CASE_TOKEN } from '../cases/mqtt-devices.js';
import { Random } from '../support/random.js';
import { until } from '../support/until.js';
import { device, GatewayThread } from './gateway-thread.js';
import { KernelDriver } from './kernel-driver.js';
import { RawClient } from './raw-client.js';

const PARTITIONS = 4;
const FORBIDDEN = 'devices/gw-0/telemetry';
const NOT_AUTHORIZED = 0x87;

/** gw-0, gw-1, …, and `subs` devices behind each but the first, which owns FORBIDDEN. */
function fleet(gateways: number, subs: number) {
  return Array.from({ length: gateways }, (_, gw) => {
    const own = device(gw + 1, `gw-${gw}`, { tokenHash: hashToken('default', `gw-${gw}`, CASE_TOKEN) });
    const behind = Array.from({ length: gw === 0 ? 0 : subs }, (_, i) =>
      device(1000 * gw + i, `sub-${gw}-${i}`, { via: gw + 1, tokenHash: new Uint8Array(32) }),
    );
    return [own, ...behind];
  }).flat();
}

const topicOf = (gw: number, sub: number) => `devices/sub-${gw}-${sub}/telemetry`;

/** Two devices behind gw-1 that lie in different partitions. */
const HERE = 0;
const THERE = [1, 2, 3, 4, 5, 6, 7].find((sub) => partitionOf(1000 + sub, PARTITIONS) !== partitionOf(1000, PARTITIONS)) as number;

function connected(level: 4 | 5, gateways = 2): KernelDriver {
  const driver = new KernelDriver(fleet(gateways, 8), PARTITIONS);
  for (let gw = 1; gw < gateways; gw++) {
    driver.open(gw);
    driver.feed(gw, connectAs(level, { clientId: `gw-${gw}` }));
    assert.deepEqual(driver.sent(gw), connackAccepted[level]);
  }
  return driver;
}

test('PUBACKs of 200 devices behind one gateway come in the order of their PUBLISHes, refusals included', async () => {
  const random = new Random();
  const { seed } = random;
  const gateway = await GatewayThread.start(fleet(3, 200), PARTITIONS);
  // The log is slow, and makes of many waiting blocks only some durable.
  gateway.durableOf = (waiting) => (random.below(3) > 0 ? 0 : 1 + random.below(waiting));
  try {
    const client = await RawClient.login(gateway.port, 'gw-1', 5);
    const gone = await RawClient.login(gateway.port, 'gw-2', 5);
    const messages = 6000;
    const expected: Buffer[] = [];
    for (let id = 1; id <= messages; ) {
      const sent: Buffer[] = [];
      for (let batch = 1 + random.below(300); batch > 0 && id <= messages; batch--, id++) {
        const isRefused = random.below(20) === 0;
        const topic = isRefused ? FORBIDDEN : topicOf(1, random.below(200));
        sent.push(publish({ level: 5, topic, qos: 1, packetId: id, payload: `message ${id}` }));
        expected.push(puback(id, isRefused ? NOT_AUTHORIZED : 0));
      }
      await client.written(Buffer.concat(sent));
      if (id > messages / 2) gone.close();
      else gone.write(publish({ level: 5, topic: topicOf(2, random.below(200)), qos: 1, packetId: id }));
    }
    const answer = Buffer.concat(expected);
    await until(`all PUBACKs, seed ${seed}`, () => client.heard.length >= answer.length);
    assert.equal(client.heard.toString('hex'), answer.toString('hex'), `seed ${seed}`);
    assert.equal(new Set(gateway.records.map(({ partition }) => partition)).size, PARTITIONS);
    client.close();
  } finally {
    gateway.durableOf = (waiting) => waiting;
    await gateway.stop();
  }
});

test('a durable block waits for an older message in a block that is not durable, and its slot does not', () => {
  const driver = connected(5);
  driver.feed(1, publish({ level: 5, topic: topicOf(1, THERE), qos: 1, packetId: 1 }));
  driver.feed(1, publish({ level: 5, topic: topicOf(1, HERE), qos: 1, packetId: 2 }));
  driver.feed(1, publish({ level: 5, topic: FORBIDDEN, qos: 1, packetId: 3 }));
  driver.feed(1, publish({ level: 5, topic: topicOf(1, HERE), qos: 1, packetId: 4 }));
  driver.kernel.sealAll();
  driver.push();
  assert.equal(driver.sent(1).length, 0);
  const first = driver.inLog[0]?.length;
  driver.release();
  assert.equal(driver.kernel.freeSlots(), BLOCK_SLOTS - 1);
  assert.deepEqual(driver.sent(1), first === 1 ? puback(1) : Buffer.alloc(0));
  driver.release();
  const all = Buffer.concat([puback(1), puback(2), puback(3, NOT_AUTHORIZED), puback(4)]);
  assert.deepEqual(driver.sent(1), first === 1 ? all.subarray(4) : all);
  assert.equal(driver.counter(COUNTER_GATEWAY_ACKED), 3, 'a refusal is an answer, but no message was taken');
  driver.feed(1, publish({ level: 5, topic: FORBIDDEN, qos: 1, packetId: 5 }));
  assert.deepEqual(driver.sent(1), puback(5, NOT_AUTHORIZED), 'with nothing before it a refusal goes out at once');
});

test('a refusal does not wait for what other connections are owed, nor for an earlier holder of its number', () => {
  const driver = connected(5, 3);
  driver.feed(1, publish({ level: 5, topic: topicOf(1, HERE), qos: 1, packetId: 1 }));
  driver.feed(2, publish({ level: 5, topic: FORBIDDEN, qos: 1, packetId: 2 }));
  assert.deepEqual(driver.sent(2), puback(2, NOT_AUTHORIZED));
  driver.close(1);
  driver.open(1);
  driver.feed(1, connectAs(5, { clientId: 'gw-1' }));
  driver.sent(1);
  driver.feed(1, publish({ level: 5, topic: FORBIDDEN, qos: 1, packetId: 3 }));
  assert.deepEqual(driver.sent(1), puback(3, NOT_AUTHORIZED));
  driver.sealAndReleaseAll();
  assert.equal(driver.sent(1).length, 0);
});

test('blocks that somebody waits for are sealed together, the others fill on', () => {
  const large = Buffer.alloc(PAYLOAD_BYTES_MAX, 'x');
  const driver = connected(4);
  driver.feed(1, publish({ level: 4, topic: topicOf(1, THERE), qos: 1, packetId: 1 }));
  driver.feed(1, publish({ level: 4, topic: topicOf(1, HERE), qos: 1, packetId: 2, payload: large }));
  driver.kernel.sealDue(0);
  assert.equal(driver.kernel.nextSealed(), -1, 'the log is busy and no block is full');
  driver.feed(1, publish({ level: 4, topic: topicOf(1, HERE), payload: large }));
  driver.kernel.sealDue(0);
  driver.push();
  assert.equal(driver.inLog.length, 2, 'the full block and the one that would hold back its answers');
  assert.equal(driver.kernel.openedMs(), driver.nowMs, 'nobody waits for the second large message');
  driver.nowMs += BLOCK_AGE_US_MAX / 1000 - 1;
  driver.feed(1, publish({ level: 4, topic: topicOf(1, THERE), qos: 1, packetId: 3 }));
  driver.nowMs += 1;
  driver.turn([]);
  driver.kernel.sealDue(0);
  driver.push();
  assert.equal(driver.inLog.length, 3, 'a block of full age that nobody waits for is sealed alone');
  driver.feed(1, publish({ level: 4, topic: topicOf(1, HERE), qos: 1, packetId: 4 }));
  driver.nowMs += BLOCK_AGE_US_MAX / 1000 - 1;
  driver.turn([]);
  driver.kernel.sealDue(0);
  driver.push();
  assert.equal(driver.inLog.length, 5, 'of two that somebody waits for, one has reached its age');
});

test('more answers than the outbox holds go out in parts, and in order', () => {
  const driver = connected(4, 3);
  const messages = SENDS_MAX;
  for (let i = 0; i < messages; i++) {
    const parts = { level: 4, topic: topicOf(1, i % 8), qos: 1, packetId: 1 + i } as const;
    driver.feed(1, publish(parts));
    driver.feed(2, publish({ ...parts, topic: topicOf(2, i % 8) }));
  }
  driver.sealAndReleaseAll();
  const answer = Buffer.concat(Array.from({ length: messages }, (_, i) => puback(i + 1)));
  assert.ok(driver.sent(1).equals(answer));
  assert.ok(driver.sent(2).equals(answer));
});

test('a client that is owed more answers than can be held is not read until some were given', () => {
  const driver = connected(5);
  driver.feed(1, publish({ level: 5, topic: topicOf(1, HERE), qos: 1, packetId: 1 }));
  const batch = 65_535;
  const refused = Buffer.concat(Array.from({ length: batch }, (_, i) => publish({ level: 5, topic: FORBIDDEN, qos: 1, packetId: i + 1 })));
  let fed = 0;
  while (driver.kernel.starved() === 0) {
    assert.ok(fed < 2 * ACKS_MAX);
    driver.feed(1, refused);
    fed += batch;
  }
  const answers = 1 + fed;
  assert.equal(driver.counter(COUNTER_GATEWAY_RECEIVED), ACKS_MAX);
  assert.ok(answers > ACKS_MAX);
  assert.equal(driver.kernel.freeSlots(), 0, 'reading must not resume');
  assert.equal(driver.sent(1).length, 0);
  driver.sealAndReleaseAll();
  assert.equal(driver.kernel.freeSlots(), BLOCK_SLOTS);
  driver.turn([[1, EVENT_DATA]]);
  assert.equal(driver.peer(1).rest.length, 0);
  const sent = driver.sent(1);
  assert.equal(sent.length, 4 + fed * 5);
  const ids = Array.from({ length: fed }, (_, i) => sent.readUInt16BE(4 + i * 5 + 2));
  assert.ok(ids.every((id, i) => id === 1 + (i % batch)));
});

interface Owed {
  /** The connection that waits, or undefined: the host. */
  readonly client?: Client;
  readonly message: string;
  readonly give: () => void;
  isDurable: boolean;
}

interface Client {
  readonly level: 4 | 5;
  readonly expected: Buffer[];
  /** Packet ids of QoS 2 from PUBLISH to PUBREL, and whether PUBREC was given. */
  readonly held: Map<number, { isGiven: boolean }>;
}

/** A gateway of many partitions whose owed answers are one plain array. */
class Model {
  readonly driver = new KernelDriver(fleet(4, 8), PARTITIONS);
  readonly random: Random;
  readonly clients = new Map<number, Client>();
  readonly tokens: number[] = [];
  owed: Owed[] = [];
  #count = 0;
  answers = 0;
  heldBack = 0;

  constructor(random: Random) {
    this.random = random;
  }

  step(): void {
    const { driver, random } = this;
    const gw = 1 + random.below(3);
    const client = this.clients.get(gw);
    const action = random.below(16);
    if (!client) this.#login(gw);
    else if (action < 5) this.#publish(gw, client);
    else if (action < 7) this.#pubrel(gw, client);
    else if (action === 7) this.#ingest(gw);
    else if (action === 8) this.#leave(gw);
    else if (action < 12) this.#seal();
    else if (driver.inLog.length > 0) this.#release();
    if (driver.kernel.freeSlots() < 32) this.settle();
    this.#check();
  }

  /** Everything becomes durable. */
  settle(): void {
    this.driver.kernel.sealAll();
    this.driver.push();
    while (this.driver.inLog.length > 0) this.#release();
    assert.equal(this.owed.length, 0);
    this.#check();
  }

  #login(gw: number): void {
    const client: Client = { level: this.random.pick([4, 5]), expected: [], held: new Map() };
    this.driver.open(gw);
    this.driver.feed(gw, connectAs(client.level, { clientId: `gw-${gw}` }));
    client.expected.push(connackAccepted[client.level]);
    this.clients.set(gw, client);
  }

  /** Gone: nothing reaches it any more, nor whoever has its number next. */
  #leave(gw: number): void {
    this.driver.close(gw);
    this.clients.delete(gw);
  }

  #publish(gw: number, client: Client): void {
    const { random } = this;
    const sent: Buffer[] = [];
    for (let left = 1 + random.below(12); left > 0; left--) {
      const qos = random.below(3);
      const isRefused = client.level === 5 && random.below(6) === 0;
      const packetId = 1 + random.below(qos === 2 ? 40 : 65_535);
      const dup = qos === 2 && client.held.has(packetId);
      const message = this.#message();
      const topic = isRefused ? FORBIDDEN : topicOf(gw, random.below(8));
      sent.push(publish({ level: client.level, topic, qos, dup, packetId, payload: message }));
      if (dup) this.#inTurn(client, pubrec(packetId));
      else if (isRefused && qos > 0) this.#inTurn(client, (qos === 1 ? puback : pubrec)(packetId, NOT_AUTHORIZED));
      else if (qos > 0) this.#owe(client, qos, packetId, message);
    }
    this.driver.feed(gw, Buffer.concat(sent));
    assert.equal(this.driver.peer(gw).rest.length, 0);
  }

  #owe(client: Client, qos: number, packetId: number, message: string): void {
    const state = { isGiven: false };
    if (qos === 2) client.held.set(packetId, state);
    const give = () => {
      state.isGiven = true;
      client.expected.push(qos === 1 ? puback(packetId) : pubrec(packetId));
    };
    this.owed.push({ client, message, give, isDurable: false });
  }

  /** An answer that waits for no block, only for those before it. */
  #inTurn(client: Client, answer: Buffer): void {
    const give = () => void client.expected.push(answer);
    if (this.owed.some((each) => each.client === client)) this.owed.push({ client, message: '', give, isDurable: true });
    else give();
  }

  /** Of ids that are held, with PUBREC or before it, and of others. */
  #pubrel(gw: number, client: Client): void {
    const packetId = 1 + this.random.below(40);
    const state = client.held.get(packetId);
    client.held.delete(packetId);
    if (state?.isGiven === false) this.#inTurn(client, pubcomp(packetId));
    else client.expected.push(pubcomp(packetId, state || client.level === 4 ? 0 : 0x92));
    this.driver.feed(gw, pubrel(packetId));
  }

  #ingest(gw: number): void {
    const { driver } = this;
    const message = this.#message();
    driver.memory.bytes.set(Buffer.from(message), STAGE_OFFSET);
    const entry = driver.directory.entryOf(1000 * gw + this.random.below(8)) as number;
    const token = this.#count;
    assert.equal(driver.kernel.ingest(entry, FLAG_TRANSPORT_HTTP, 0, message.length, token), 0);
    this.owed.push({ message, give: () => void this.tokens.push(token), isDurable: false });
  }

  /** Now and then so large that blocks are full. */
  #message(): string {
    return `${++this.#count}`.padEnd(this.random.below(10) === 0 ? this.random.below(60_000) : 0, '.');
  }

  #seal(): void {
    const { driver, random } = this;
    driver.nowMs += random.below(4);
    driver.turn([]);
    if (random.below(8) === 0) driver.kernel.sealAll();
    else driver.kernel.sealDue(driver.inLog.length === 0 ? 1 : 0);
    driver.push();
  }

  #release(): void {
    const durable = new Set(this.driver.inLog[0]?.map(({ payload }) => payload));
    this.driver.release();
    for (const each of this.owed) if (durable.has(each.message)) each.isDurable = true;
    const end = this.owed.findIndex(({ isDurable }) => !isDurable);
    const due = this.owed.splice(0, end < 0 ? this.owed.length : end);
    this.answers += due.length;
    this.heldBack += this.owed.filter(({ isDurable }) => isDurable).length;
    for (const { give } of due) give();
  }

  #check(): void {
    for (const [gw, { expected }] of this.clients) {
      assert.equal(this.driver.sent(gw).toString('hex'), Buffer.concat(expected).toString('hex'));
      expected.length = 0;
    }
    assert.deepEqual(this.driver.durableTokens, this.tokens);
    this.driver.durableTokens.length = 0;
    this.tokens.length = 0;
  }
}

test('answers come in the order and at the moment that a naive model has them', () => {
  const random = new Random();
  const { seed } = random;
  const model = new Model(random);
  try {
    for (let count = 0; count < 20_000; count++) model.step();
    model.settle();
    assert.ok(model.answers > 10_000 && model.heldBack > 100, `${model.answers} answers, ${model.heldBack} held back`);
  } catch (error) {
    console.log(`seed ${seed}`);
    throw error;
  }
});
