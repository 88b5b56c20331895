import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FLAG_TRANSPORT_HTTP } from '../../assembly/abi/block.js';
import {
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_UNKNOWN,
  CODE_KEEP_ALIVE_EXPIRED,
  CODE_LOG_FAILING,
  CODE_LOG_FULL,
  CODE_NONE,
  CODE_PAYLOAD_OVERSIZE,
  CODE_SESSION_TAKEN_OVER,
} from '../../assembly/abi/codes.js';
import {
  COUNTER_GATEWAY_ACCEPTED,
  COUNTER_GATEWAY_ACKED,
  COUNTER_GATEWAY_PAUSED,
  COUNTER_GATEWAY_RECEIVED,
} from '../../assembly/abi/counters.js';
import { BLOCK_SLOTS } from '../../assembly/abi/gateway.js';
import { PAYLOAD_BYTES_MAX } from '../../assembly/abi/limits.js';
import type { DeviceEntry } from '../../src/contract/devices.js';
import { partitionOf } from '../../src/contract/partition.js';
import { packMessages } from '../../src/contract/threads/packed-messages.js';
import { hashToken } from '../../src/contract/token.js';
import { bytes, disconnect, puback, publish } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs } from '../cases/mqtt-case.js';
import { CASE_TOKEN, caseDevices } from '../cases/mqtt-devices.js';
import { until } from '../support/until.js';
import { device, GatewayThread, unrouted } from './gateway-thread.js';
import { RawClient } from './raw-client.js';

const OWN = 'devices/dev-1/telemetry';

/** Runs a test against a gateway of its own, which must stop by itself afterwards. */
async function withGateway(run: (gateway: GatewayThread) => Promise<void>, devices: readonly DeviceEntry[] = caseDevices): Promise<void> {
  const gateway = await GatewayThread.start(devices);
  try {
    await run(gateway);
  } finally {
    gateway.thaw();
    await gateway.stop();
  }
}

describe('a gateway thread', () => {
  test('answers PUBLISH only when its block is durable', () =>
    withGateway(async (gateway) => {
      gateway.freeze();
      const client = await RawClient.login(gateway.port, 'dev-1', 5);
      client.write(publish({ level: 5, topic: OWN, qos: 1, packetId: 3 }));
      await until('the record', () => gateway.records.length === 1);
      await client.expectPing();
      assert.equal(client.heard.length, 0);
      gateway.thaw();
      await client.expect(puback(3));
      client.close();
    }));

  test('stops reading while the log stalls, loses nothing, and resumes', () =>
    withGateway(async (gateway) => {
      gateway.freeze();
      const client = await RawClient.login(gateway.port, 'dev-1', 4);
      const messages = 400;
      let written = 0;
      for (let i = 0; i < messages; i++) {
        const payload = String(i).padEnd(PAYLOAD_BYTES_MAX, '.');
        client.socket.write(publish({ level: 4, topic: OWN, qos: 1, packetId: i + 1, payload }), () => {
          written++;
        });
      }
      await until('all slots with the log', () => gateway.ring.length === BLOCK_SLOTS);
      assert.equal(gateway.counter(COUNTER_GATEWAY_ACCEPTED), BLOCK_SLOTS);
      assert.ok(written < messages, 'the client cannot get rid of its messages');
      assert.equal(client.heard.length, 0);
      gateway.thaw();
      await client.expect(Buffer.concat(Array.from({ length: messages }, (_, i) => puback(i + 1))));
      assert.deepEqual(
        gateway.records.map((record) => Number.parseInt(record.payload, 10)),
        Array.from({ length: messages }, (_, i) => i),
      );
      await client.expectPing();
      client.close();
    }));

  test('accounts for every one of thousands of messages over several connections', async () => {
    const devices = [1, 2, 3].flatMap((gw) => [
      device(gw, `gw-${gw}`),
      ...Array.from({ length: 50 }, (_, i) => device(gw * 100 + i, `sub-${gw}-${i}`, { via: gw })),
    ]);
    await withGateway(
      async (gateway) => {
        const messages = 4000;
        const clients = await Promise.all(
          [1, 2, 3].map(async (gw) => ({ gw, client: await RawClient.login(gateway.port, `gw-${gw}`, 4) })),
        );
        for (const { gw, client } of clients) {
          const sent: Buffer[] = [];
          for (let i = 0; i < messages; i++) {
            const topic = `devices/sub-${gw}-${i % 50}/telemetry`;
            sent.push(publish({ level: 4, topic, qos: i % 2, packetId: i + 1, payload: `${gw} ${i}` }));
          }
          client.write(Buffer.concat(sent));
        }
        for (const { client } of clients) await until('all PUBACKs', () => client.heard.length === (messages / 2) * 4);
        await until('all records', () => gateway.records.length === 3 * messages);
        for (const { gw, client } of clients) {
          const acked = Array.from({ length: messages / 2 }, (_, i) => client.heard.readUInt16BE(i * 4 + 2)).sort((a, b) => a - b);
          assert.deepEqual(
            acked,
            Array.from({ length: messages / 2 }, (_, i) => 2 * i + 2),
          );
          for (let sub = 0; sub < 50; sub++) {
            const number = gw * 100 + sub;
            const seen = gateway.records.filter((record) => record.device === number);
            assert.ok(seen.every((record) => record.partition === partitionOf(number, 4)));
            assert.deepEqual(
              seen.map((record) => record.payload),
              Array.from({ length: messages / 50 }, (_, i) => `${gw} ${i * 50 + sub}`),
            );
          }
          client.close();
        }
        assert.equal(gateway.counter(COUNTER_GATEWAY_RECEIVED), 3 * messages);
        assert.equal(gateway.counter(COUNTER_GATEWAY_ACKED), (3 * messages) / 2);
      },
      devices.map((entry) => (entry.id.startsWith('gw') ? withCaseToken(entry) : entry)),
    );
  });

  test('lets a second connection of a device take over', () =>
    withGateway(async (gateway) => {
      const first = await RawClient.login(gateway.port, 'dev-1', 5);
      const second = await RawClient.login(gateway.port, 'dev-1', 4);
      await first.expect(disconnect(0x8e));
      await first.expectEnd();
      await second.expectPing();
      assert.equal(gateway.counter(CODE_SESSION_TAKEN_OVER), 1);
      await until('the second connection', () => gateway.of('connected').length === 2);
      const kinds = gateway.messages.map((message) => message.kind).filter((kind) => kind.endsWith('connected'));
      assert.deepEqual(kinds, ['connected', 'disconnected', 'connected']);
      assert.equal(gateway.of('disconnected')[0]?.code, CODE_SESSION_TAKEN_OVER);
      second.close();
      await until('the end of the second', () => gateway.of('disconnected').length === 2);
    }));

  test('ends a connection whose keep-alive has run out, and no other', () =>
    withGateway(async (gateway) => {
      const quiet = await RawClient.login(gateway.port, 'dev-1', 5, 1);
      const other = await RawClient.login(gateway.port, 'dev-2', 5, 0);
      await quiet.expect(disconnect(0x8d));
      await quiet.expectEnd();
      assert.equal(gateway.counter(CODE_KEEP_ALIVE_EXPIRED), 1);
      await other.expectPing();
      other.close();
    }));

  test('disconnects a device that is no longer active, and takes devices while it runs', () =>
    withGateway(async (gateway) => {
      const client = await RawClient.login(gateway.port, 'dev-1', 5);
      await gateway.putDevices([{ ...(caseDevices[0] as DeviceEntry), status: 'quarantined' }]);
      await client.expect(disconnect(0x98));
      await client.expectEnd();
      await gateway.putDevices([{ ...(caseDevices[0] as DeviceEntry), status: 'active' }]);
      await gateway.putDevices([withCaseToken(device(50, 'late'))]);
      await until('the report', () => gateway.of('disconnected').length === 1);
      const late = await RawClient.open(gateway.port);
      late.write(connectAs(4, { clientId: 'late' }));
      await late.expect(connackAccepted[4]);
      late.close();
    }));

  test('takes a message that comes over HTTP and says when it is durable', () =>
    withGateway(async (gateway) => {
      gateway.freeze();
      const ingest = (token: number, number: number, payload: Uint8Array) =>
        gateway.post(packMessages([{ token, device: number, flags: FLAG_TRANSPORT_HTTP, ...unrouted, payload }]));
      ingest(7, 1, Buffer.from('{"a":1}'));
      ingest(8, 99, Buffer.from('{}'));
      ingest(9, 3, Buffer.from('{}'));
      ingest(10, 1, Buffer.alloc(PAYLOAD_BYTES_MAX + 1));
      await until('the refusals', () => gateway.of('ingest-refused').length === 3);
      assert.deepEqual(
        gateway.of('ingest-refused').map(({ token, code }) => [token, code]),
        [
          [8, CODE_DEVICE_UNKNOWN],
          [9, CODE_DEVICE_INACTIVE],
          [10, CODE_PAYLOAD_OVERSIZE],
        ],
      );
      await until('the record', () => gateway.records.length === 1);
      assert.deepEqual([gateway.records[0]?.payload, gateway.records[0]?.flags], ['{"a":1}', FLAG_TRANSPORT_HTTP]);
      assert.equal(gateway.of('ingested').length, 0);
      gateway.thaw();
      await until('the answer', () => gateway.of('ingested').length === 1);
      assert.deepEqual(gateway.of('ingested')[0]?.tokens, [7]);
      gateway.assertAccounts();
    }));

  test('keeps HTTP messages that find no room until there is some', () =>
    withGateway(async (gateway) => {
      gateway.freeze();
      const payload = Buffer.alloc(PAYLOAD_BYTES_MAX, 'x');
      const messages = BLOCK_SLOTS + 20;
      for (let token = 1; token <= messages; token++) gateway.post(packMessages([{ token, device: 1, flags: 0x10, ...unrouted, payload }]));
      await until('all slots with the log', () => gateway.ring.length === BLOCK_SLOTS);
      gateway.thaw();
      await until('all records', () => gateway.records.length === messages);
      await until('all answers', () => gateway.of('ingested').flatMap(({ tokens }) => tokens).length === messages);
    }));

  for (const [code, name, reason] of [
    [CODE_LOG_FULL, 'log_full', 0x97],
    [CODE_LOG_FAILING, 'log_failing', 0x88],
  ] as const) {
    test(`without room and with ${name} it says so to who comes, and answers nobody before it is durable`, () =>
      withGateway(async (gateway) => {
        gateway.freeze();
        const client = await RawClient.login(gateway.port, 'dev-1', 4);
        gateway.post({ kind: 'log', code });
        const early = await RawClient.login(gateway.port, 'dev-2', 4);
        early.close();
        const payload = 'x'.repeat(PAYLOAD_BYTES_MAX);
        const messages = BLOCK_SLOTS + 20;
        for (let i = 1; i <= messages; i++) client.write(publish({ level: 4, topic: OWN, qos: 1, packetId: i, payload }));
        await until('the pause', () => gateway.counter(COUNTER_GATEWAY_PAUSED) === 1);
        for (const [level, answer] of [
          [5, bytes(0x20, 3, 0, reason, 0)],
          [4, bytes(0x20, 2, 0, 3)],
        ] as const) {
          const late = await RawClient.open(gateway.port);
          late.write(connectAs(level));
          await late.expect(answer);
          await late.expectEnd();
        }
        gateway.post(packMessages([{ token: 5, device: 1, flags: FLAG_TRANSPORT_HTTP, ...unrouted, payload: Buffer.from('{}') }]));
        await until('the refusal', () => gateway.of('ingest-refused').length === 1);
        assert.deepEqual([gateway.of('ingest-refused')[0]?.token, gateway.of('ingest-refused')[0]?.code], [5, code]);
        assert.deepEqual(gateway.refusals(), { [name]: 3 });
        assert.equal(client.heard.length, 0);
        gateway.post({ kind: 'log', code: CODE_NONE });
        gateway.thaw();
        await client.expect(Buffer.concat(Array.from({ length: messages }, (_, i) => puback(i + 1))));
        const late = await RawClient.login(gateway.port, 'dev-2', 5);
        late.close();
        client.close();
      }));
  }

  test('takes what came before the end of a connection that the client closed at once', () =>
    withGateway(async (gateway) => {
      const client = await RawClient.open(gateway.port);
      client.socket.end(bytes(connectAs(4), publish({ level: 4, topic: OWN, payload: 'parting words' })));
      await until('the record', () => gateway.records.length === 1);
      assert.equal(gateway.records[0]?.payload, 'parting words');
    }));

  test('a stop answers the durable messages, sends DISCONNECT, and ends', async () => {
    const gateway = await GatewayThread.start(caseDevices);
    gateway.freeze();
    const client = await RawClient.login(gateway.port, 'dev-1', 5);
    client.write(publish({ level: 5, topic: OWN, qos: 1, packetId: 4 }));
    await until('the record', () => gateway.records.length === 1);
    const stopping = gateway.stop();
    gateway.thaw();
    await client.expect(bytes(puback(4), disconnect(0x8b)));
    await client.expectEnd();
    client.close();
    await stopping;
    await assert.rejects(RawClient.open(gateway.port));
  });
});

function withCaseToken(entry: DeviceEntry): DeviceEntry {
  return { ...entry, tokenHash: hashToken(entry.tenant, entry.id, CASE_TOKEN) };
}
