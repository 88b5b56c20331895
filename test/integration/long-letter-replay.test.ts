import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import postgres, { type Sql } from 'postgres';
import type { ReplayAnswer } from '../../src/contract/answers/letters.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

// The replay of very many dead letters, whose process is killed three times meanwhile: REPLAY_LETTERS says how many. With a million,
// give the waits time: TEST_SLOWNESS=20.

const LETTERS = Number(process.env.REPLAY_LETTERS ?? 40_000);
const DEVICES = 50;
const KILLS = 3;
/** When the first of the messages came; letters that are too old would be removed. */
const FIRST = new Date(Date.now() - 86_400_000);

const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-letters-'));
const settings = { SPILLWAY_STATE: stateFolder };
let appliance: Appliance;
let sql: Sql;

async function start(): Promise<void> {
  appliance = await startAppliance(settings);
  sql = postgres(appliance.databaseUrl, { max: 1, onnotice: () => {} });
}

before(async () => {
  await start();
  for (let device = 0; device < DEVICES; device++) await call(appliance, 'POST', '/v1/devices', { device_id: `replay-${device}` });
  // As a build that could not read them would have left them.
  await sql`
    insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, payload)
    select d.id % 4, 0, d.id, ${FIRST}::timestamptz + i * interval '1 ms', 'test_reason', convert_to('{"again":' || i || '}', 'UTF8')
    from generate_series(1, ${LETTERS}) i join devices d on d.name = 'replay-' || i % ${DEVICES}`;
  await sql`analyze dead_letters`;
});

after(async () => {
  await sql?.end();
  await appliance?.stop();
  rmSync(stateFolder, { recursive: true, force: true });
});

function begin(): Promise<ReplayAnswer> {
  return call<ReplayAnswer>(appliance, 'POST', '/v1/dead-letters/replay', { filter: { reason: 'test_reason' } });
}

function show({ id }: ReplayAnswer): Promise<ReplayAnswer> {
  return call<ReplayAnswer>(appliance, 'GET', `/v1/dead-letters/replays/${id}`);
}

/** Of a few letters the last replay may have all that are left. */
function isPart({ replayed, state }: ReplayAnswer): boolean {
  return replayed >= LETTERS / (KILLS + 1) / 2 || state === 'done';
}

test(`${LETTERS} letters are replayed once each, though the process is killed ${KILLS} times while they are on their way`, async () => {
  const startedMs = performance.now();
  for (let kill = 1; kill <= KILLS; kill++) {
    const replay = await begin();
    await until('a part of them is stored', async () => isPart(await show(replay)));
    await appliance.kill();
    await sql.end();
    await start();
  }
  const last = await begin();
  const lastMs = performance.now();
  await until('the replay is done', async () => (await show(last)).state === 'done');
  await committed(appliance);
  const seconds = (performance.now() - startedMs) / 1000;
  const [stored] = await sql`
    select count(*)::int as readings, count(distinct value)::int as distinct_readings, min(value)::int as first, max(value)::int as last
    from readings r join metrics m on m.id = r.metric_id where m.name = 'again'`;
  const [late] = await sql`
    select count(*)::int as readings from readings r join metrics m on m.id = r.metric_id
    where m.name = 'again' and r.ts <> ${FIRST}::timestamptz + value * interval '1 ms'`;
  const [left] = await sql`select count(*) filter (where replayed_at is null)::int as open, count(*)::int as letters from dead_letters`;
  const rate = last.letters / ((performance.now() - lastMs) / 1000);
  console.log(
    `${LETTERS} letters, ${KILLS} kills: ${seconds.toFixed(1)} s in all; ${Math.round(rate)} letters a second after the last start; ` +
      `${LETTERS - stored?.distinct_readings} lost, ${stored?.readings - stored?.distinct_readings} doubled`,
  );
  assert.deepEqual({ ...stored }, { readings: LETTERS, distinct_readings: LETTERS, first: 1, last: LETTERS });
  assert.equal(late?.readings, 0, 'a reading has the time at which its message came');
  assert.deepEqual({ ...left }, { open: 0, letters: LETTERS }, 'no letter is open, and none became a new one');
});
