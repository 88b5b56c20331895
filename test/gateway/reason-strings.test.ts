import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Packet, parser } from 'mqtt-packet';
import { CODE_MQTT_ANSWER_OVERSIZE, CODES_MAX } from '../../assembly/abi/codes.js';
import { REASON_TEXT_BYTES, REASON_TEXTS, REASON_TEXTS_OFFSET } from '../../assembly/abi/gateway.js';
import { PAYLOAD_BYTES_MAX } from '../../assembly/abi/limits.js';
import { reasonString } from '../../src/gateway/mqtt/reason-strings.js';
import { bytes, packet, properties, publish, u16 } from '../cases/mqtt-bytes.js';
import { connectAs } from '../cases/mqtt-case.js';
import { caseDevices } from '../cases/mqtt-devices.js';
import { KernelDriver } from './kernel-driver.js';

const OWN = 'devices/dev-1/telemetry';
const PROBLEM_INFORMATION = 0x17;
const PACKET_MAXIMUM = 0x27;

interface Said {
  readonly cmd: string;
  readonly reasonCode?: number;
  readonly granted?: number[];
  readonly properties?: { reasonString?: string };
}

function parse(sent: Buffer): Said[] {
  const packets: Packet[] = [];
  const reader = parser({ protocolVersion: 5 });
  reader.on('packet', (read) => packets.push(read));
  reader.parse(sent);
  return packets as unknown as Said[];
}

/** A client of MQTT 5 that was let in with these properties; what CONNACK said is taken. */
function connected(...parts: (number | Uint8Array)[]): KernelDriver {
  const driver = new KernelDriver(caseDevices);
  driver.open(0);
  driver.feed(0, connectAs(5, { properties: properties(...parts) }));
  return driver;
}

function answers(driver: KernelDriver, sent: Uint8Array): Said[] {
  driver.sent(0);
  driver.feed(0, sent);
  driver.sealAndReleaseAll();
  return parse(driver.sent(0));
}

const foreign = (qos: 1 | 2, id = 1) => publish({ level: 5, topic: 'plant/x/SENSOR', qos, packetId: id });
const maximum = (value: number) => bytes(PACKET_MAXIMUM, u16(0), u16(value));

test('a refused message is answered by code, cause and way out', () => {
  for (const [qos, cmd] of [
    [1, 'puback'],
    [2, 'pubrec'],
  ] as const) {
    const [answer] = answers(connected(), foreign(qos));
    assert.equal(answer?.cmd, cmd);
    assert.equal(answer?.reasonCode, 0x90);
    assert.match(answer?.properties?.reasonString ?? '', /^topic_unknown: .+; publish to devices/);
  }
  const [large] = answers(connected(), publish({ level: 5, topic: OWN, qos: 1, payload: Buffer.alloc(PAYLOAD_BYTES_MAX + 1) }));
  assert.match(large?.properties?.reasonString ?? '', /^payload_oversize: .+; send smaller messages/);
});

test('a refusal that waits for its turn among acknowledgements has its text, too', () => {
  const driver = connected();
  const sent = answers(
    driver,
    bytes(publish({ level: 5, topic: OWN, qos: 1, packetId: 1 }), foreign(1, 2), publish({ level: 5, topic: OWN, qos: 1, packetId: 3 })),
  );
  assert.deepEqual(
    sent.map(({ reasonCode, properties: said }) => [reasonCode ?? 0, said?.reasonString?.split(':')[0]]),
    [
      [0, undefined],
      [0x90, 'topic_unknown'],
      [0, undefined],
    ],
  );
});

test('a sender that may not publish for a device does not learn whether it exists', () => {
  const strings = ['devices/dev-2/telemetry', 'devices/nobody/telemetry'].map(
    (topic) => answers(connected(), publish({ level: 5, topic, qos: 1 }))[0]?.properties?.reasonString,
  );
  assert.match(strings[0] ?? '', /^topic_forbidden: /);
  assert.equal(strings[1], strings[0]);
  const refused = ['dev-1', 'nobody'].map((clientId) => {
    const driver = new KernelDriver(caseDevices);
    driver.open(0);
    return answers(driver, connectAs(5, { clientId, password: 'x', properties: properties() }))[0];
  });
  assert.match(refused[0]?.properties?.reasonString ?? '', /^credentials_invalid: .+; use the token/);
  assert.deepEqual(refused[1], refused[0]);
});

test('SUBACK and DISCONNECT say why', () => {
  const subscribe = packet(0x82, u16(1), 0, 'a', 0);
  const [suback] = answers(connected(), subscribe);
  assert.deepEqual(suback?.granted, [0x87]);
  assert.match(suback?.properties?.reasonString ?? '', /own commands and to what the rules/);
  const [disconnect] = answers(connected(), publish({ level: 5, topic: OWN, qos: 1, properties: properties(0x23, u16(0)) }));
  assert.equal(disconnect?.cmd, 'disconnect');
  assert.match(disconnect?.properties?.reasonString ?? '', /^mqtt_topic_alias_invalid: .+; use no higher aliases/);
});

test('no text for a client that wants none, or whose Maximum Packet Size it would exceed', () => {
  const text = reasonString(12, true) as string;
  const whole = 3 + 3 + 2 + 3 + Buffer.byteLength(text);
  for (const [parts, hasText] of [
    [[PROBLEM_INFORMATION, 0], false],
    [[PROBLEM_INFORMATION, 1], true],
    [[maximum(whole - 1)], false],
    [[maximum(whole)], true],
  ] as const) {
    const [answer] = answers(connected(...parts), foreign(1));
    assert.equal(answer?.reasonCode, 0x90);
    assert.equal(answer?.properties?.reasonString !== undefined, hasText, JSON.stringify(parts));
  }
});

test('nothing larger than the Maximum Packet Size of the client is sent', () => {
  const driver = new KernelDriver(caseDevices);
  driver.open(0);
  driver.feed(0, connectAs(5, { properties: properties(maximum(20)) }));
  const connack = driver.sent(0);
  assert.ok(connack.length <= 20 && connack.length > 5, connack.toString('hex'));
  assert.equal(connack[3], 0);
  const filters = Array.from({ length: 60 }, (_, index) => bytes(`f/${index}`, 0));
  const sent = answers(driver, packet(0x82, u16(1), 0, ...filters));
  // The client would wait for its SUBACK for ever: the connection ends instead.
  assert.deepEqual(
    sent.map(({ cmd, reasonCode }) => [cmd, reasonCode]),
    [['disconnect', 0x83]],
  );
  assert.equal(driver.peer(0).isClosed, true);
});

test('a client that takes not even the smallest CONNACK gets nothing, and no session', () => {
  for (const size of [1, 2, 5, 12]) {
    const driver = new KernelDriver(caseDevices);
    driver.open(0);
    driver.feed(0, connectAs(5, { properties: properties(maximum(size)) }));
    assert.deepEqual([driver.sent(0).length, driver.peer(0).isClosed], [0, true], `maximum ${size}`);
    assert.equal(driver.counter(CODE_MQTT_ANSWER_OVERSIZE), 1);
    const kinds = driver.broker.received.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['attach', 'detach']);
    assert.ok(!driver.messages.some(({ kind }) => kind === 'connected'));
  }
});

test('texts fill no more than their half of the outbox, so that every answer fits', () => {
  const driver = connected();
  const many = Array.from({ length: 6000 }, (_, index) => foreign(1, index + 1));
  const sent = answers(driver, bytes(...many));
  assert.equal(sent.length, 6000);
  assert.ok(sent.every(({ reasonCode }) => reasonCode === 0x90));
});

test('the text of every code of the gateway has room', () => {
  const { memory } = new KernelDriver([]);
  assert.ok(REASON_TEXTS <= CODES_MAX);
  for (let code = 0; code < REASON_TEXTS; code++) {
    const string = reasonString(code, true);
    const laid = memory.view.getUint16(REASON_TEXTS_OFFSET + code * REASON_TEXT_BYTES, true);
    assert.equal(laid > 0, string !== undefined, `${string} is too long`);
  }
});
