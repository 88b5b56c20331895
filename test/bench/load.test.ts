import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type IConnectPacket, type IPublishPacket, type Packet, parser } from 'mqtt-packet';
import { copyChunks } from '../../bench/copy-ceiling.js';
import { AckLatency } from '../../bench/load/ack-latency.js';
import type { ConnectionPlan } from '../../bench/load/connection.js';
import type { FromGenerator, ToGenerator } from '../../bench/load/generator.js';
import { deviceOf, firstSeq, hundredths, type LoadPlan, slotsFor, turnOf } from '../../bench/load/messages.js';
import { connectPacket, PacketLap, packetId } from '../../bench/load/packets.js';
import { FleetDouble } from '../cli/http-double.js';
import { startMqttDouble } from '../cli/mqtt-double.js';

const deviceIds = Array.from({ length: 20 }, (_, index) => `dev-${String(index + 1).padStart(6, '0')}`);

function planOf(firstDevice: number, devices: number, batch: number): LoadPlan {
  return { connection: 0, firstDevice, devices, slots: slotsFor(devices, batch), baseMs: 1_700_000_000_000 };
}

function parseAll(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  const parse = parser({ protocolVersion: 4 });
  parse.on('packet', (packet) => packets.push(packet));
  parse.on('error', (error) => {
    throw error;
  });
  parse.parse(bytes);
  return packets;
}

for (const qos of [0, 1] as const) {
  test(`patched packets at QoS ${qos} are well-formed and hold the message that their place says`, () => {
    const plan = planOf(5, 7, 4);
    const lap = new PacketLap(plan, deviceIds, qos);
    assert.ok(lap.packetBytes > 95 && lap.packetBytes < 125);
    const turns = new Map<number, number>();
    for (let round = 0; round < 3; round++) {
      for (let slot = 0; slot < plan.slots; slot++) lap.patch(round * plan.slots + slot);
      const packets = parseAll(lap.bytes) as IPublishPacket[];
      assert.equal(packets.length, plan.slots);
      packets.forEach((packet, slot) => {
        const message = round * plan.slots + slot;
        const device = deviceOf(plan, message);
        const turn = turns.get(device) ?? 0;
        turns.set(device, turn + 1);
        assert.equal(turnOf(plan, message), turn);
        assert.equal(packet.topic, `devices/${deviceIds[device]}/telemetry`);
        assert.equal(packet.qos, qos);
        if (qos === 1) assert.equal(packet.messageId, packetId(message));
        assert.deepEqual(JSON.parse(packet.payload.toString()), {
          ts: plan.baseMs + turn,
          metrics: { temp: hundredths(device, turn, 0) / 100, load: hundredths(device, turn, 1) / 100 },
          seq: firstSeq + turn,
        });
      });
    }
    assert.deepEqual(
      [...turns.keys()].sort((a, b) => a - b),
      [5, 6, 7, 8, 9, 10, 11],
    );
  });
}

test('CONNECT carries id, tenant and token', () => {
  const [packet] = parseAll(connectPacket('gw-000001', 'default', 'T')) as [IConnectPacket];
  assert.equal(packet.clientId, 'gw-000001');
  assert.equal(packet.username, 'default');
  assert.equal(String(packet.password), 'T');
  assert.equal(packet.protocolVersion, 4);
});

test('percentiles of the latency buckets are within 2 % of the exact ones', () => {
  const latency = new AckLatency();
  assert.equal(latency.percentile(50), undefined);
  const values = Array.from({ length: 10_000 }, (_, index) => 0.05 * 1.001 ** index);
  for (const value of values) latency.record(value);
  for (const percent of [1, 50, 95, 99, 100]) {
    const exact = values[Math.ceil(values.length * (percent / 100)) - 1]!;
    const found = latency.percentile(percent)!;
    assert.ok(found >= exact && found < exact * 1.02, `p${percent}: ${found} for ${exact}`);
  }
});

test('the rows made for COPY are those of the messages, in whole rows a chunk', () => {
  const plan = planOf(0, 3, 2);
  const messages = 20_000;
  const chunks = copyChunks([{ plan, messages }], [11, 12, 13], [1, 2]);
  assert.ok(chunks.length > 1);
  let row = 0;
  for (const chunk of chunks) {
    assert.equal(chunk.length % 42, 0);
    for (let at = 0; at < chunk.length; at += 42, row++) {
      const message = row >> 1;
      const device = deviceOf(plan, message);
      assert.equal(chunk.readInt32BE(at + 6), 11 + device);
      assert.equal(chunk.readInt32BE(at + 14), 1 + (row & 1));
      const ms = Number(chunk.readBigInt64BE(at + 22) / 1000n) + Date.UTC(2000, 0, 1);
      assert.equal(ms, plan.baseMs + turnOf(plan, message));
      assert.equal(chunk.readDoubleBE(at + 34), hundredths(device, turnOf(plan, message), row & 1) / 100);
    }
  }
  assert.equal(row, messages * 2);
});

async function startGenerator(t: TestContext) {
  const child = fork(fileURLToPath(new URL('../../bench/load/generator.js', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    if (child.connected) child.disconnect();
    await exited;
  });
  return async (question: ToGenerator) => {
    child.send(question);
    const [answer] = (await once(child, 'message')) as [FromGenerator];
    return answer;
  };
}

for (const qos of [0, 1] as const) {
  test(`a generator process at QoS ${qos}: the server gets exactly what the plans say`, async (t) => {
    const fleet = new FleetDouble();
    const server = await startMqttDouble(fleet, 0);
    t.after(() => server.server.close());
    const plans: ConnectionPlan[] = [0, 1].map((connection) => {
      fleet.add('bench', `gw-${connection}`, 'T');
      const place = { connection, firstDevice: connection * 10, devices: 10, slots: slotsFor(10, 4), baseMs: 1_700_000_000_000 };
      return {
        ...place,
        host: '127.0.0.1',
        port: server.port,
        clientId: `gw-${connection}`,
        tenant: 'bench',
        token: 'T',
        qos,
        batch: 4,
        window: 16,
      };
    });
    const ask = await startGenerator(t);
    assert.equal((await ask({ kind: 'open', connections: plans, deviceIds })).kind, 'ready');
    const done = (await ask({ kind: 'go', seconds: 0.3, messagesPerSecond: 4000 })) as FromGenerator & { kind: 'done' };
    const total = done.sent.reduce((sum, { messages }) => sum + messages, 0);
    assert.ok(total > 100 && total <= 1200);
    assert.ok(done.lastSendMs > done.firstSendMs);
    // At QoS 0 the last messages may still be on their way.
    const deadline = Date.now() + 5000;
    while (fleet.messages.length < total && Date.now() < deadline) await delay(5);
    const expected = done.sent.flatMap(({ connection, messages }) =>
      Array.from({ length: messages }, (_, message) => {
        const plan = plans[connection]!;
        return `${deviceIds[deviceOf(plan, message)]} ${firstSeq + turnOf(plan, message)}`;
      }),
    );
    const found = fleet.messages.map(({ device, payload }) => `${device} ${payload.seq}`);
    assert.deepEqual(found.sort(), expected.sort());
    assert.equal(done.acked, qos === 1 ? total : 0);
    assert.equal(
      done.ackBuckets.reduce((sum, count) => sum + count, 0),
      done.acked,
    );
  });
}
