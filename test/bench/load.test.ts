import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildGenerator, generatorMissing } from '../../bench/load/build.js';
import { Load, type LoadShape, type Target } from '../../bench/load/load.js';
import { Sink } from '../../bench/load/load-process.js';
import { deviceOf, firstSeq, hundredths, type Sent, turnOf } from '../../bench/load/messages.js';
import { startBroker } from './broker-double.js';

const shape: LoadShape = { qos: 0, connections: 3, batch: 4, devices: 21, seconds: 0.2, window: 16, rate: 6000, generators: 1 };

function targetAt(port: number): Target {
  return { host: '127.0.0.1', port, userName: 'bench', password: 'T' };
}

async function sinkTarget(t: TestContext): Promise<Target> {
  const sink = await Sink.start();
  t.after(() => sink.stop());
  return targetAt(sink.port);
}

/** What the plans say that the server must have got, connection by connection. */
function expectedMessages(sent: readonly Sent[]): string[] {
  return sent.flatMap((one) =>
    Array.from({ length: one.messages }, (_, message) => {
      const [device, turn] = [deviceOf(one, message), turnOf(one, message)];
      const metrics = { temp: hundredths(device, turn, 0) / 100, load: hundredths(device, turn, 1) / 100 };
      const topic = `devices/dev-${String(device + 1).padStart(6, '0')}/telemetry`;
      return `${topic} ${JSON.stringify({ ts: one.baseMs + turn, metrics, seq: firstSeq + turn })}`;
    }),
  );
}

describe('the generator', { skip: generatorMissing() ?? false }, () => {
  for (const qos of [0, 1, 2] as const) {
    for (const rate of [6000, undefined]) {
      test(`the generator at QoS ${qos}, ${rate ?? 'any'} a second: the server gets exactly what the plans say`, async (t) => {
        const broker = await startBroker();
        t.after(() => broker.stop());
        const load = await Load.open(targetAt(broker.port), { ...shape, qos, rate, generators: 2 });
        t.after(() => load.end());
        assert.equal(load.opened, 3);
        assert.deepEqual(broker.connects.map(({ clientId, username, password }) => `${clientId} ${username} ${password}`).sort(), [
          'gw-000001 bench T',
          'gw-000002 bench T',
          'gw-000003 bench T',
        ]);
        const done = await load.go();
        assert.ok(done.messages > 100);
        if (rate !== undefined) assert.equal(done.messages, 1200);
        assert.ok(done.settledMs >= done.lastSendMs && done.lastSendMs > done.firstSendMs);
        assert.deepEqual(
          broker.messages.map(({ topic, payload }) => `${topic} ${JSON.stringify(JSON.parse(payload))}`).sort(),
          expectedMessages(done.sent).sort(),
        );
        assert.equal(broker.completed, qos === 0 ? 0 : done.messages);
        assert.equal(done.acked, broker.completed);
        assert.equal(done.latency.count, done.acked);
      });
    }
  }

  test('at a given rate latency counts from when a message was due, also when the server stood still', async (t) => {
    const broker = await startBroker({ stallMs: 150 });
    t.after(() => broker.stop());
    const load = await Load.open(targetAt(broker.port), { ...shape, qos: 1, seconds: 0.4, rate: 2000, window: 60, batch: 60 });
    t.after(() => load.end());
    const { latency, messages } = await load.go();
    assert.equal(messages, 800);
    // The stall came with the first message; three in eight fell due during it.
    assert.ok(latency.maxMs! >= 140, `${latency.maxMs} ms`);
    assert.ok(latency.percentileMs(80)! >= 40, `${latency.percentileMs(80)} ms`);
  });

  test('the bare sink takes and acknowledges what many connections from several addresses send', async (t) => {
    const target = await sinkTarget(t);
    for (const qos of [0, 1, 2] as const) {
      const load = await Load.open(target, { ...shape, qos, connections: 4500, devices: 4500, batch: 1, window: 1, rate: 45_000 });
      const done = await load.go();
      await load.end();
      assert.equal(done.messages, 9000);
      assert.equal(done.acked, qos === 0 ? 0 : done.messages);
    }
  });

  const failures = [
    [{ refuse: 4 }, /cannot open connection gw-00000\d: CONNACK says 4: bad user name or password/],
    [{ closeAfter: 20 }, /cannot go on with connection gw-00000\d: the server closed it/],
    [{ wrongId: 20 }, /cannot go on with connection gw-00000\d: it answered 0x40 \d+ where \d+ was next/],
  ] as const;
  for (const [fault, sentence] of failures) {
    test(`the generator fails loudly: ${sentence.source}`, async (t) => {
      const broker = await startBroker(fault);
      t.after(() => broker.stop());
      const run = async () => {
        const load = await Load.open(targetAt(broker.port), { ...shape, qos: 1 });
        await load.go().finally(() => load.end());
      };
      await assert.rejects(run(), sentence);
    });
  }

  test('a server that is not there, and the number of connections that one takes', async () => {
    const broker = await startBroker({ connectionsMax: 2 });
    const target = targetAt(broker.port);
    const load = await Load.open(target, { ...shape, connections: 7 }, true);
    assert.equal(load.opened, 2);
    assert.match(String(load.refused), /cannot open connection gw-00000\d/);
    await load.end();
    await broker.stop();
    await assert.rejects(Load.open(target, shape), /cannot open connection gw-000001: Connection refused/);
  });

  test('a plan that cannot be is refused in words', () => {
    const { status, stderr } = spawnSync(buildGenerator(), ['generate'], { input: '{"port":1}\n', encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /cannot read the plan: missing field/);
  });
});

test('without cargo a bench says so, and what to do', () => {
  const program = fileURLToPath(new URL('../../bench/ingest.js', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [program], { env: { PATH: '/nonexistent' }, encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(
    stderr,
    /bench:ingest: cannot (build the load generator: cargo is not installed; install Rust|generate load: the generator needs Linux)/,
  );
});
