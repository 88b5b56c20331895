import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { FORMAT_CBOR, FORMAT_JSON, TIME_ZONES_MAX } from '../../assembly/abi/block.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { PAYLOAD_BYTES_MAX } from '../../assembly/abi/limits.js';
import { PROFILE_PLAIN, PROFILE_TASMOTA } from '../../assembly/abi/profiles.js';
import { STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { decodeContext, encodeContext, type RecordContext } from '../../src/contract/record-context.js';
import { packMessages } from '../../src/contract/threads/packed-messages.js';
import { bytes, puback, publish } from '../cases/mqtt-bytes.js';
import { connectAs } from '../cases/mqtt-case.js';
import { caseDevices } from '../cases/mqtt-devices.js';
import { SLOWNESS } from '../support/until.js';
import { device, GatewayThread, unrouted } from './gateway-thread.js';
import { KernelDriver } from './kernel-driver.js';

const OWN = 'devices/dev-1/telemetry';
const CBOR = Buffer.concat([Buffer.of(19), bytes(3, 'application/cbor')]);

function connected(): KernelDriver {
  const driver = new KernelDriver(caseDevices);
  driver.open(0);
  driver.feed(0, connectAs(5));
  driver.sent(0);
  return driver;
}

function stamped(driver: KernelDriver, schema: number, timeZone = 0): void {
  driver.directory.setSchemas({ devices: Uint32Array.of(1), numbers: Uint32Array.of(schema), timeZones: Uint8Array.of(timeZone) });
}

function published(driver: KernelDriver, topic: string, payload: string, properties?: Buffer): Buffer {
  driver.feed(0, publish({ level: 5, topic, qos: 1, packetId: 7, payload, ...(properties && { properties }) }));
  driver.sealAndReleaseAll();
  return driver.sent(0);
}

function contexts(driver: KernelDriver): (RecordContext | undefined)[] {
  return driver.records.map(({ context }) => context && decodeContext(context));
}

/** A message that the host hands in, with its context. */
function ingested(driver: KernelDriver, context: Uint8Array, payload: Buffer): number {
  const entry = driver.directory.entryOf(1) as number;
  driver.memory.bytes.set(Buffer.concat([context, payload]), STAGE_OFFSET);
  const code = driver.kernel.ingest(entry, 0, context.length, payload.length, 1);
  driver.sealAndReleaseAll();
  return code;
}

test('messages of a device have the schema version that it has when they come, and none without one', () => {
  const driver = connected();
  published(driver, OWN, '{"v":1}');
  stamped(driver, 70_000);
  published(driver, OWN, '{"v":2}');
  stamped(driver, 70_001);
  published(driver, OWN, '{"v":3}');
  stamped(driver, 0);
  published(driver, OWN, '{"v":4}');
  assert.deepEqual(
    driver.records.map(({ context, payload }) => [context, payload]),
    [
      [undefined, '{"v":1}'],
      [encodeContext({ profile: PROFILE_PLAIN, schema: 70_000 }), '{"v":2}'],
      [encodeContext({ profile: PROFILE_PLAIN, schema: 70_001 }), '{"v":3}'],
      [undefined, '{"v":4}'],
    ],
  );
});

test('messages of a device have its time zone, with a context or without one, and whoever hands them in', () => {
  const driver = connected();
  driver.directory.setSchemas({ devices: Uint32Array.of(1), numbers: Uint32Array.of(0), timeZones: Uint8Array.of(TIME_ZONES_MAX) });
  published(driver, OWN, '{}');
  published(driver, 'tele/plug/SENSOR', '{}');
  stamped(driver, 9, 3);
  published(driver, OWN, '{}');
  published(driver, 'v1/gateway/telemetry', '{"dev-1":[{"t":1}],"sub-1":[{"t":1}]}');
  assert.equal(ingested(driver, encodeContext({ profile: PROFILE_PLAIN, topic: 'x' }), Buffer.from('{}')), 0);
  driver.directory.put({ ...caseDevices[0]!, timeZone: 2 });
  published(driver, OWN, '{}');
  driver.directory.put(caseDevices[0]!);
  published(driver, OWN, '{}');
  assert.deepEqual(
    driver.records.map(({ timeZone, context, device: number }) => [timeZone, context !== undefined, number]),
    [
      [TIME_ZONES_MAX, false, 1],
      [TIME_ZONES_MAX, true, 1],
      [3, true, 1],
      [undefined, true, 4],
      [3, true, 1],
      [3, true, 1],
      [2, false, 1],
      [undefined, false, 1],
    ],
  );
});

test('a device that is published anew has the version of its entry', () => {
  const driver = connected();
  stamped(driver, 5);
  driver.directory.put({ ...caseDevices[0]!, schema: 6 });
  published(driver, OWN, '{}');
  driver.directory.put(caseDevices[0]!);
  published(driver, OWN, '{}');
  assert.deepEqual(
    contexts(driver).map((context) => context?.schema),
    [6, undefined],
  );
});

test('a topic of a convention has the version beside what its rule says, and says whether the rule named the format', () => {
  const driver = connected();
  const topic = 'tele/plug/SENSOR';
  published(driver, topic, '{}');
  stamped(driver, 9);
  published(driver, topic, '{}');
  published(driver, topic, '{}', CBOR);
  const plain = { profile: PROFILE_TASMOTA, topic };
  assert.deepEqual(
    driver.records.map(({ context, format }) => [context, format]),
    [
      [encodeContext(plain), FORMAT_JSON],
      [encodeContext({ ...plain, schema: 9, isFormatOfRule: true }), FORMAT_JSON],
      [encodeContext({ ...plain, schema: 9 }), FORMAT_CBOR],
    ],
  );
});

test('messages that the host hands in are stamped too, but for those that name a version', () => {
  const driver = connected();
  stamped(driver, 4);
  const letter = { id: 12n, receivedUs: 1_796_029_200_000_000n };
  const plain = { profile: PROFILE_PLAIN };
  for (const context of [new Uint8Array(0), encodeContext(plain), encodeContext({ ...plain, schema: 3, letter })]) {
    assert.equal(ingested(driver, context, Buffer.from('{"v":1}')), CODE_NONE);
  }
  assert.deepEqual(
    driver.records.map(({ context, payload }) => [context, payload]),
    [
      [encodeContext({ ...plain, schema: 4 }), '{"v":1}'],
      [encodeContext({ ...plain, schema: 4 }), '{"v":1}'],
      [encodeContext({ ...plain, schema: 3, letter }), '{"v":1}'],
    ],
  );
});

test('each part of a packet that speaks of several devices has the version of its own device', () => {
  const driver = connected();
  driver.directory.setSchemas({ devices: Uint32Array.of(1, 4), numbers: Uint32Array.of(8, 9), timeZones: new Uint8Array(2) });
  published(driver, 'v1/gateway/telemetry', '{"sub-1":[{"t":1}],"dev-1":{"t":2}}');
  const numbers = driver.records.map(({ device: number, context }): [number, number | undefined] => {
    return [number, context && decodeContext(context)?.schema];
  });
  const expected: [number, number][] = [
    [1, 8],
    [4, 9],
  ];
  assert.deepEqual(new Map(numbers), new Map(expected));
});

test('a payload of any size that is taken without a schema is taken with one, and lies in its block whole', () => {
  const driver = connected();
  stamped(driver, 1);
  const sizes = [0, 1, 15, 16, 17, 511, 512, 513, PAYLOAD_BYTES_MAX];
  for (const size of sizes) assert.deepEqual(published(driver, OWN, 'x'.repeat(size)), puback(7));
  assert.deepEqual(published(driver, OWN, 'x'.repeat(PAYLOAD_BYTES_MAX + 1)), puback(7, 0x83));
  assert.equal(ingested(driver, new Uint8Array(0), Buffer.alloc(PAYLOAD_BYTES_MAX, 'x')), CODE_NONE);
  assert.deepEqual(
    driver.records.map(({ payload }) => payload),
    [...sizes, PAYLOAD_BYTES_MAX].map((size) => 'x'.repeat(size)),
  );
  assert.ok(contexts(driver).every((context) => context?.schema === 1));
});

test('blocks fill to their last byte with stamped messages, which stay whole', () => {
  const driver = connected();
  stamped(driver, 1);
  const payloads = Array.from({ length: 4000 }, (_, i) => String.fromCharCode(65 + (i % 26)).repeat(480 + (i % 33)));
  for (const payload of payloads) driver.feed(0, publish({ level: 5, topic: OWN, payload }));
  driver.sealAndReleaseAll();
  assert.deepEqual(
    driver.records.map(({ payload }) => payload),
    payloads,
  );
});

test('another version of 100,000 devices is in force within a second', async () => {
  const count = 100_000;
  const gateway = await GatewayThread.start([]);
  try {
    const one = device(1, 'd-0');
    const withToken = (number: number) => Buffer.concat([Buffer.of(number, number >> 8, number >> 16), one.tokenHash.subarray(3)]);
    await gateway.putDevices(Array.from({ length: count }, (_, i) => ({ ...one, number: i + 1, id: `d-${i}`, tokenHash: withToken(i) })));
    const devices = Uint32Array.from({ length: count }, (_, index) => index + 1);
    const resolution = { devices, numbers: new Uint32Array(count).fill(7), timeZones: new Uint8Array(count) };
    const fromMs = performance.now();
    gateway.post({ kind: 'schemas', token: 0, resolution });
    await gateway.caughtUp();
    const tookMs = performance.now() - fromMs;
    assert.ok(tookMs < 1000 * SLOWNESS, `it took ${tookMs} ms`);
    gateway.post(packMessages([{ token: 1, device: count, flags: 0, ...unrouted, payload: Buffer.from('{}') }]));
    await gateway.caughtUp();
    assert.equal(gateway.of('ingest-refused').length, 0);
  } finally {
    await gateway.stop();
  }
  assert.deepEqual(
    gateway.records.map(({ context }) => context && decodeContext(context)?.schema),
    [7],
  );
});
