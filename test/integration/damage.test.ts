import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import postgres from 'postgres';
import { BLOCK_HEADER_BYTES } from '../../assembly/abi/block.js';
import { blockBytes } from '../../src/log/block.js';
import { call, committed } from '../support/api.js';
import { startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const token = 'a-token-for-the-damage-test';
const MESSAGES = 20;
/** Of these blocks a byte turns over: the third's body, and the header of the one behind it is zeros. */
const BODY = 2;
const HEADER = 3;

interface Ledger {
  readonly balanced: boolean;
  readonly imbalances: readonly { readonly between: string; readonly missing: number }[];
  readonly node: { readonly lost: number; readonly in_flight: number };
}

/** Where the blocks of a file begin. */
function blocksOf(bytes: Buffer): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; at += blockBytes(view, at)) starts.push(at);
  return starts;
}

test('a log damaged while the appliance is down: all but the damage is stored, and the damage is reported', async () => {
  const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-damage-'));
  const settings = { SPILLWAY_STATE: stateFolder, SPILLWAY_PARTITIONS: '1' };
  // Nothing is committed before the kill.
  let appliance = await startAppliance({ ...settings, SPILLWAY_BATCH_AGE_MS: '60000' });
  try {
    await call(appliance, 'POST', '/v1/devices', { device_id: 'dam-1', token });
    for (let seq = 0; seq < MESSAGES; seq++) {
      const body = JSON.stringify({ ts: 1_790_000_000_000 + seq, metrics: { n: seq }, seq });
      const answer = await fetch(`${appliance.http}/v1/ingest/dam-1`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${token}` },
      });
      assert.equal(answer.status, 202);
    }
    await appliance.kill();
    const log = join(stateFolder, 'log');
    const path = join(log, '00', readdirSync(join(log, '00')).sort().at(-1) as string);
    const bytes = readFileSync(path);
    const starts = blocksOf(bytes);
    assert.equal(starts.length, MESSAGES, 'each was answered before the next was sent');
    const [body = 0, header = 0] = [starts[BODY], starts[HEADER]];
    bytes.writeUInt8(bytes.readUInt8(body + BLOCK_HEADER_BYTES + 5) ^ 1, body + BLOCK_HEADER_BYTES + 5);
    bytes.fill(0, header, header + BLOCK_HEADER_BYTES);
    writeFileSync(path, bytes);

    appliance = await startAppliance(settings);
    await committed(appliance);
    await until('the gap to be told', async () => /log-gap-skipped/.test(appliance.output()));
    assert.equal((await fetch(`${appliance.http}/readyz`)).status, 200);
    const sql = postgres(appliance.databaseUrl, { max: 1 });
    const rows = await sql<{ value: number }[]>`select value from raw_metrics order by value`;
    await sql.end();
    const whole = Array.from({ length: MESSAGES }, (_, seq) => seq).filter((seq) => seq !== BODY && seq !== HEADER);
    assert.deepEqual(
      rows.map(({ value }) => value),
      whole,
    );
    const ledger = await until('an audit', async () => {
      const found = await call<Ledger>(appliance, 'GET', '/v1/ledger');
      return found.imbalances.length > 0 ? found : undefined;
    });
    // One gap: a header that still tells of one message, and bytes that tell nothing.
    assert.deepEqual(
      [ledger.balanced, ledger.node.lost, ledger.node.in_flight, ledger.imbalances.map(({ between }) => between)],
      [false, 2, 0, ['logged and readable']],
    );
    const alerts = await until('an alert', async () => {
      const { alerts: found } = await call<{ alerts: { rule: string; state: string; message: string }[] }>(appliance, 'GET', '/v1/alerts');
      return found.length > 0 ? found : undefined;
    });
    assert.deepEqual(
      alerts.map(({ rule, state, message }) => [rule, state, message]),
      [['ledger_unbalanced', 'raised', 'partition 0: 2 messages between logged and readable']],
    );
    assert.match(await (await fetch(`${appliance.http}/metrics`)).text(), /^spillway_alerts\{rule="ledger_unbalanced"\} 1$/m);
    const { partitions } = await call<{ partitions: { gaps: number; gap_bytes: number }[] }>(appliance, 'GET', '/v1/pipeline/lag');
    const gapBytes = (starts[HEADER + 1] as number) - body;
    assert.deepEqual([partitions[0]?.gaps, partitions[0]?.gap_bytes], [1, gapBytes]);
    const [kept = ''] = readdirSync(join(log, 'quarantine'));
    assert.deepEqual(readFileSync(join(log, 'quarantine', kept)), bytes.subarray(body, body + gapBytes));
    const metrics = await (await fetch(`${appliance.http}/metrics`)).text();
    assert.match(metrics, /^spillway_log_gaps_total\{partition="0"\} 1$/m);
    assert.match(metrics, /^spillway_ledger_messages\{state="lost"\} 2$/m);
  } finally {
    await appliance.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  }
});
