import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withoutSettings } from '../../src/cli/inherited-env.js';
import type { LedgerReport } from '../../src/cli/selftest/ledger.js';

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** The real program, as it starts itself; its temporary folders go into one that the test looks at. */
export function startSelftest(t: TestContext, ...args: string[]): { child: ChildProcess; folder: string } {
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

/** Runs the self-test to its end: these faults are survived, every fault is named as tried or not, and nothing is left behind. Answers how many were tried. */
export async function passSelftest(t: TestContext, tried: readonly string[], ...args: string[]): Promise<number> {
  const { child, folder } = startSelftest(t, ...args);
  const exit = once(child, 'exit');
  const events: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: child.stdout! })) events.push(JSON.parse(line));
  const [verdict, ...faults] = events.reverse();
  assert.equal(verdict?.event, 'verdict');
  assert.equal(verdict?.passed, true, JSON.stringify(faults));
  assert.equal(verdict?.faults, faults.length);
  for (const name of tried) {
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
  return faults.length;
}
