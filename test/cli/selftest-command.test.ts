import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withoutSettings } from '../../src/cli/inherited-env.js';
import type { LedgerReport } from '../../src/cli/selftest/ledger.js';
import { outcomeOf, runSpillway, temporaryFolder } from './run-spillway.js';

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** The real program, as it starts itself; its temporary folders go into one that the test looks at. */
function startSelftest(t: TestContext, ...args: string[]): { child: ChildProcess; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-cli-'));
  const child = spawn(process.execPath, [program, 'selftest', '--chaos', '--json', ...args], {
    env: { ...withoutSettings(process.env), TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });
  return { child, folder };
}

const everyFault = [
  ...['broker-kill', 'clock-jump', 'database-kill', 'database-pause', 'disk-full'],
  ...['duplicate-flood', 'none', 'process-kill', 'reconnect-storm'],
];

/** Whether a report's latencies are in order, and its ledger is one. */
function checkFigures(report: Record<string, unknown>): void {
  const { p50, p95, p99, max } = report.ack_ms as Record<'p50' | 'p95' | 'p99' | 'max', number>;
  assert.ok(0 < p50 && p50 <= p95 && p95 <= p99 && p99 <= max, JSON.stringify(report));
  const ledger = report.ledger as LedgerReport;
  assert.ok(report.struck && ledger.balanced, JSON.stringify(report));
  assert.equal(ledger.received + ledger.recovered, ledger.stored + ledger.duplicate + ledger.dead + ledger.rejected + ledger.in_flight);
}

test('each fault is survived with nothing lost and nothing doubled, and nothing is left behind', async (t) => {
  const { child, folder } = startSelftest(t, '--minutes', '0.15');
  const exit = once(child, 'exit');
  const events: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: child.stdout! })) events.push(JSON.parse(line));
  const [verdict, ...faults] = events.reverse();
  assert.equal(verdict?.event, 'verdict');
  assert.equal(verdict?.passed, true, JSON.stringify(faults));
  assert.equal(verdict?.faults, faults.length);
  for (const name of ['process-kill', 'database-pause', 'database-kill', 'duplicate-flood', 'reconnect-storm', 'clock-jump']) {
    const report = faults.find(({ fault }) => fault === name);
    assert.deepEqual([report?.lost, report?.doubled, report?.unanswered], [0, 0, 0], name);
    assert.ok((report?.stored as number) > 0 && report?.stored === report?.acknowledged, name);
  }
  for (const report of faults) checkFigures(report);
  const untried = verdict?.not_tried as { name: string }[];
  // Root may mount a small disk, and Linux limits files for everybody: elsewhere it is said, and never passed.
  assert.deepEqual([...faults.map(({ fault }) => fault), ...untried.map(({ name }) => name)].sort(), everyFault);
  assert.deepEqual(await exit, [0, null]);
  assert.deepEqual(readdirSync(folder), []);
});

test('interrupted, it ends its appliance and says that it proved nothing', async (t) => {
  const { child, folder } = startSelftest(t, '--minutes', '0.5');
  await once(createInterface({ input: child.stdout! }), 'line');
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  assert.equal(code, 1);
  assert.deepEqual(readdirSync(folder), []);
});

test('it says which faults there are, and which it does not try', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stdout } = await outcomeOf(runSpillway(t, folder, ['selftest', '--help']));
  assert.equal(code, 0);
  assert.match(stdout, /Faults: none, process-kill, database-pause.*disk-full, broker-kill/);
  assert.match(stdout, /broker-kill takes --kafka/);
  const bare = await outcomeOf(runSpillway(t, folder, ['selftest']));
  assert.equal(bare.code, 2);
  assert.match(bare.stderr, /way out: npx spillway selftest --chaos/);
});

test('what Kafka lacks is said before anything is started', async (t) => {
  const { code, stdout, stderr } = await outcomeOf(runSpillway(t, temporaryFolder(t), ['selftest', '--chaos', '--kafka']));
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /cannot put the log into Kafka: cannot load node-rdkafka: it was not built/);
  assert.match(stderr, /way out: build it/);
});
