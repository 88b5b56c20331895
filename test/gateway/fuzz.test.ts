import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODES_MAX } from '../../assembly/abi/codes.js';
import { COUNTER_GATEWAY_ACCEPTED, COUNTER_GATEWAY_RECEIVED, COUNTER_GATEWAY_REFUSED } from '../../assembly/abi/counters.js';
import { mqttCases } from '../cases/mqtt.js';
import { PINGREQ, packet, puback, publish } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs } from '../cases/mqtt-case.js';
import { caseDevices } from '../cases/mqtt-devices.js';
import { Random } from '../support/random.js';
import { KernelDriver } from './kernel-driver.js';

interface Outcome {
  readonly sent: string[];
  readonly isClosed: boolean;
  readonly records: string[];
  readonly codes: number[];
}

/** Plays a stream of bytes on a fresh connection, in pieces of sizes that `piece` chooses. */
function play(driver: KernelDriver, stream: Buffer, piece: () => number): Outcome {
  const recordsBefore = driver.records.length;
  const codesBefore = [...driver.memory.counters.subarray(0, CODES_MAX)];
  driver.open(0);
  for (let at = 0; at < stream.length; ) {
    const bytes = Math.max(1, piece());
    driver.feed(0, stream.subarray(at, at + bytes));
    at += bytes;
  }
  driver.sealAndReleaseAll();
  const outcome = {
    sent: packets(driver.sent(0)),
    isClosed: driver.peer(0).isClosed,
    records: driver.records.slice(recordsBefore).map((record) => `${record.device} ${record.flags} ${record.payload}`),
    codes: [...driver.memory.counters.subarray(0, CODES_MAX)].map((count, i) => Number(count - (codesBefore[i] as bigint))),
  };
  driver.close(0);
  return outcome;
}

/** Answers of the kernel may overtake those of the session layer, so packets are compared without their order. */
function packets(bytes: Buffer): string[] {
  const out: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + (bytes[at + 1] as number);
    out.push(bytes.toString('hex', at, end));
    at = end;
  }
  return out.sort();
}

function mutate(bytes: Buffer, random: Random): Buffer {
  const out = Buffer.from(bytes);
  for (let edits = random.below(4); edits > 0 && out.length > 0; edits--) {
    const at = random.below(Math.min(out.length, 200));
    const kind = random.below(4);
    if (kind === 0) out[at] = random.below(256);
    else if (kind === 1) out[at] = (out[at] as number) ^ (1 << random.below(8));
    else if (kind === 2) out.copyWithin(at, random.below(out.length));
    else return Buffer.concat([out.subarray(0, at), out.subarray(at + random.below(8))]);
  }
  return out;
}

test('mutated packets never trap, always add up, and end the same however they are cut', () => {
  const random = new Random();
  const { seed } = random;
  const small = mqttCases.filter((each) => each.bytes.length < 1000).map((each) => Buffer.from(each.bytes));
  const good = mqttCases.filter((each) => each.records && each.bytes.length < 1000).map((each) => Buffer.from(each.bytes));
  const whole = new KernelDriver(caseDevices);
  const cut = new KernelDriver(caseDevices);
  for (let round = 0; round < 4000; round++) {
    const connect = connectAs(random.pick([4, 5]));
    const parts = [round % 8 === 0 ? mutate(connect, random) : connect];
    for (let i = random.below(6); i >= 0; i--) {
      const bytes = random.pick(random.below(2) === 0 ? good : small);
      parts.push(random.below(3) === 0 ? mutate(bytes, random) : bytes);
    }
    const stream = Buffer.concat(parts);
    const expected = play(whole, stream, () => stream.length);
    const actual = play(cut, stream, () => random.below(40));
    assert.deepEqual(actual, expected, `seed ${seed}, round ${round}: ${stream.toString('hex')}`);
    const { counters } = whole.memory;
    const accounted = (counters[COUNTER_GATEWAY_ACCEPTED] as bigint) + (counters[COUNTER_GATEWAY_REFUSED] as bigint);
    assert.equal(counters[COUNTER_GATEWAY_RECEIVED], accounted, `seed ${seed}, round ${round}`);
    const refused = expected.codes.reduce((sum, count) => sum + count, 0);
    if (expected.isClosed && !stream.includes(0xe0)) assert.ok(refused > 0, `seed ${seed}, round ${round}: closed without a code`);
  }
  assert.ok(whole.records.length > 1000, 'many packets are still whole');
});

/** What a device and its connections should see, kept in plain arrays. */
class Model {
  readonly connections = new Map<number, { device: number; level: 4 | 5; expected: Buffer[] }>();
  readonly accepted: string[] = [];
  /** Messages at QoS 1 that were not answered yet. */
  readonly owed: { connection: object; id: number; packetId: number }[] = [];
}

const ids = ['dev-1', 'dev-2'];
const tokenOf = (id: number) => ({ clientId: ids[id] as string });

/** One random step on both the kernel and the model. */
function step(driver: KernelDriver, model: Model, random: Random, count: number): void {
  const id = random.below(4);
  const connection = model.connections.get(id);
  const action = random.below(10);
  if (!connection) {
    login(driver, model, id, random.below(2), random.pick([4, 5]));
  } else if (action < 5) {
    const qos = random.below(2);
    const packetId = 1 + random.below(65535);
    const payload = `message ${count}`;
    driver.feed(id, publish({ level: connection.level, topic: `devices/${ids[connection.device]}/telemetry`, qos, packetId, payload }));
    model.accepted.push(`${connection.device + 1} ${qos} ${payload}`);
    if (qos === 1) model.owed.push({ connection, id, packetId });
  } else if (action < 7) {
    driver.feed(id, PINGREQ);
    connection.expected.push(packet(0xd0));
  } else if (action === 7) {
    check(driver, model, id);
    driver.feed(id, packet(0xe0));
    driver.close(id);
    model.connections.delete(id);
  } else if (action === 8) {
    check(driver, model, id);
    driver.close(id);
    model.connections.delete(id);
  } else {
    answerAll(driver, model);
  }
}

/** A device that connects again takes over its older connection, which ends once it has its acknowledgements. */
function login(driver: KernelDriver, model: Model, id: number, device: number, level: 4 | 5): void {
  driver.open(id);
  driver.feed(id, connectAs(level, tokenOf(device)));
  for (const [other, older] of model.connections) {
    if (older.device !== device) continue;
    const isOwed = model.owed.some(({ connection }) => connection === older);
    assert.equal(driver.peer(other).isClosed, !isOwed);
    const last = older.level === 5 ? packet(0xe0, 0x8e, 0) : Buffer.alloc(0);
    if (isOwed) answerAll(driver, model, { to: older, last });
    else {
      older.expected.push(last);
      check(driver, model, other);
    }
    assert.equal(driver.peer(other).isClosed, true);
    driver.close(other);
    model.connections.delete(other);
  }
  model.connections.set(id, { device, level, expected: [connackAccepted[level]] });
}

/** `leaving`: a connection that then ends, with these bytes. */
function answerAll(driver: KernelDriver, model: Model, leaving?: { readonly to: object; readonly last: Buffer }): void {
  driver.sealAndReleaseAll();
  for (const { connection, id, packetId } of model.owed) {
    const current = model.connections.get(id);
    if (current === connection) current.expected.push(puback(packetId));
  }
  for (const connection of model.connections.values()) if (leaving?.to === connection) connection.expected.push(leaving.last);
  model.owed.length = 0;
  for (const id of model.connections.keys()) check(driver, model, id);
}

/** The packets that came are those expected. */
function check(driver: KernelDriver, model: Model, id: number): void {
  const connection = model.connections.get(id);
  assert.ok(connection);
  assert.equal(driver.sent(id).toString('hex'), Buffer.concat(connection.expected).toString('hex'));
  connection.expected.length = 0;
}

test('connections that come, publish, take over and go are as a naive model has them', () => {
  const random = new Random();
  const { seed } = random;
  const driver = new KernelDriver(caseDevices);
  const model = new Model();
  try {
    for (let count = 0; count < 20_000; count++) step(driver, model, random, count);
    answerAll(driver, model);
    const seen = driver.records.map((record) => `${record.device} ${record.flags} ${record.payload}`);
    const order = (text: string) => Number(text.split(' ').at(-1));
    assert.deepEqual(
      seen.sort((a, b) => order(a) - order(b)),
      model.accepted,
    );
    const live = driver.messages.filter((message) => message.kind === 'connected').length;
    const gone = driver.messages.filter((message) => message.kind === 'disconnected').length;
    assert.equal(live - gone, model.connections.size);
  } catch (error) {
    console.log(`seed ${seed}`);
    throw error;
  }
});
