import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DatabaseIdentity, IdentityPort } from '../../src/contract/database-identity.js';
import type { LogOwner } from '../../src/contract/log-owner.js';
import { adoptLog, setLogAside } from '../../src/state/log-commands.js';
import { type LogMark, LogMarkFile, MARK_NAME } from '../../src/state/log-mark.js';
import { MarkedOwnership } from '../../src/state/log-ownership.js';
import { pairLogWithDatabase } from '../../src/state/log-pairing.js';

const top = mkdtempSync(join(tmpdir(), 'spillway-pairing-'));
after(() => rmSync(top, { recursive: true }));

/** A database in memory, with the calls that changed it. */
class DatabaseDouble implements IdentityPort {
  readonly calls: string[] = [];
  identity: DatabaseIdentity;

  constructor(identity: Partial<DatabaseIdentity> = {}) {
    this.identity = { id: 'one', takesUnmarkedLog: false, devices: 10, metrics: 3, ...identity };
  }

  async read(): Promise<DatabaseIdentity> {
    return this.identity;
  }

  async renew(): Promise<string> {
    this.calls.push('renew');
    return 'renewed';
  }

  async noteMarkedLog(): Promise<void> {
    this.calls.push('note marked log');
  }

  async skipNumbers({ devices, metrics }: Pick<LogMark, 'devices' | 'metrics'>): Promise<void> {
    this.calls.push(`skip ${devices} devices, ${metrics} metrics`);
  }
}

interface State {
  readonly mark?: LogMark;
  readonly blocks?: boolean;
  readonly database?: Partial<DatabaseIdentity>;
  /** Absent: a new one. */
  readonly stateFolder?: string;
  /** Owners of the last records of a log that others share, one a partition. */
  readonly owners?: readonly LogOwner[];
}

/** Pairs a new state folder; answers what came of it. */
async function pair({ mark, blocks = false, database = {}, owners, stateFolder = mkdtempSync(join(top, 'state-')) }: State) {
  mkdirSync(join(stateFolder, 'log', '00'), { recursive: true });
  writeFileSync(join(stateFolder, 'log', '00', '00000000000000000000.log'), blocks ? 'a block' : '');
  if (mark) new LogMarkFile(stateFolder).write(mark);
  const identity = new DatabaseDouble(database);
  const events: object[] = [];
  const event = (_: string, name: string, fields: object) => events.push({ name, ...fields });
  const records = owners?.map((owner, partition) => ({ owner, partition, offset: 40n }));
  const shared = records && { topic: 'telemetry.raw', owners: async () => records };
  const id = await pairLogWithDatabase({ stateFolder, mark: new LogMarkFile(stateFolder), identity, shared, event });
  return { id, calls: identity.calls, events, mark: new LogMarkFile(stateFolder).read(), stateFolder };
}

const own = { database: 'one', devices: 10, metrics: 3, adopted: [], refused: [] } satisfies LogMark;

test('a new log takes a new id of the database, so that an older log of it does not come back unnoticed', async () => {
  const { id, calls, mark } = await pair({});
  assert.deepEqual([id, calls], ['renewed', ['renew']]);
  assert.deepEqual(mark, { ...own, database: 'renewed' });
});

test('a log that others share never renews the id', async () => {
  const { id, calls, mark } = await pair({ owners: [] });
  assert.deepEqual([id, calls, mark], ['one', [], own]);
});

test('a log is opened with its own database, and the mark is never older than either', async () => {
  const { id, calls, mark } = await pair({ mark: { ...own, devices: 4 }, blocks: true });
  assert.deepEqual([id, calls, mark], ['one', [], own]);
});

test('a log of another database is refused with both ways out', async () => {
  const refused = pair({ mark: { ...own, database: 'another' }, blocks: true });
  await assert.rejects(refused, {
    code: 'log_of_other_database',
    message: /of database another, and the database in use is one/,
    wayOut: /npx spillway log set-aside.*up to number 10.*npx spillway log adopt/,
  });
});

test('a log of an earlier release goes with a database of one, and with no other', async () => {
  const { id, calls } = await pair({ blocks: true, database: { takesUnmarkedLog: true } });
  assert.deepEqual([id, calls], ['one', ['note marked log']]);
  await assert.rejects(pair({ blocks: true }), { code: 'log_of_other_database', message: /names no database/ });
});

test('a database that was restored from a backup skips the numbers that the log holds', async () => {
  const { calls, events, mark } = await pair({ mark: { ...own, devices: 15, metrics: 3 }, blocks: true });
  assert.deepEqual(calls, ['skip 15 devices, 3 metrics']);
  assert.deepEqual(events, [{ name: 'database-older-than-log', devicesLost: 5, metricsLost: 0 }]);
  assert.deepEqual(mark, { ...own, devices: 15 });
});

test('adopted, a log goes with whatever database comes next, which skips its numbers', async () => {
  const { stateFolder } = await pair({ mark: { ...own, devices: 15 } });
  assert.equal(await adoptLog(stateFolder), 'one');
  const identity = new DatabaseDouble({ id: 'two', devices: 0, metrics: 0 });
  const mark = new LogMarkFile(stateFolder);
  assert.equal(await pairLogWithDatabase({ stateFolder, mark, identity, shared: undefined, event: () => {} }), 'two');
  assert.deepEqual(identity.calls, ['skip 15 devices, 3 metrics']);
  assert.deepEqual(mark.read(), { ...own, database: 'two', devices: 15, adopted: ['one'] });
});

test('set aside, log, checkpoints, sessions and mark are kept together and a new log begins', async () => {
  const { stateFolder } = await pair({ mark: own, blocks: true });
  for (const name of ['checkpoints', 'sessions']) mkdirSync(join(stateFolder, name));
  const aside = await setLogAside(stateFolder);
  assert.deepEqual(readdirSync(aside).sort(), ['checkpoints', MARK_NAME, 'log', 'sessions'].sort());
  assert.deepEqual(readdirSync(stateFolder).sort(), ['set-aside', 'spillway.lock']);
});

test('a log that says nothing of its numbers is adopted by nobody, and a damaged mark is no mark', async () => {
  const stateFolder = mkdtempSync(join(top, 'state-'));
  await assert.rejects(adoptLog(stateFolder), { code: 'log_mark_missing' });
  const damaged = [
    '{"database":"one"}',
    '{"devices":1,"metrics":1}',
    '{"database":1,"devices":1,"metrics":1}',
    '{"database":"one","devices":-1,"metrics":1}',
    '{"database":"one","devices":1,"metrics":1,"adopted":"two"}',
    'null',
    '{"database":"one","dev',
  ];
  for (const text of damaged) {
    writeFileSync(join(stateFolder, MARK_NAME), text);
    await assert.rejects(adoptLog(stateFolder), { code: 'log_mark_damaged', wayOut: /set-aside/ }, text);
  }
});

test('the mark is raised before a number comes into the log, and never lowered', async () => {
  const { stateFolder } = await pair({ mark: own });
  const mark = new LogMarkFile(stateFolder);
  mark.read();
  mark.raise('devices', 12);
  mark.raise('devices', 11);
  mark.raise('metrics', 2);
  assert.deepEqual(new LogMarkFile(stateFolder).read(), { ...own, devices: 12 });
});

const other: LogOwner = { database: 'other', devices: 50, metrics: 4, adopted: [] };

test('records of another database are refused with an empty state folder, which stays free for their own', async () => {
  const stateFolder = mkdtempSync(join(top, 'state-'));
  await assert.rejects(pair({ stateFolder, owners: [{ ...other, database: 'one' }, other] }), {
    code: 'log_of_other_database',
    message: /topic telemetry.raw.*its record 40 of partition 1 is of database other, and the database in use is one/,
    wayOut: /set-aside and another SPILLWAY_KAFKA_TOPIC_PREFIX.*up to number 10.*npx spillway log adopt/,
  });
  const { id, calls, mark } = await pair({ stateFolder, owners: [other], database: { id: 'other', devices: 50, metrics: 4 } });
  assert.deepEqual([id, calls], ['other', []]);
  assert.deepEqual(mark, { ...other, refused: [] });
});

test('refused and then adopted, records are taken over, and the database skips the numbers that they hold', async () => {
  const stateFolder = mkdtempSync(join(top, 'state-'));
  const owners = [{ ...other, adopted: ['still another'] }];
  await assert.rejects(pair({ stateFolder, owners }), { code: 'log_of_other_database' });
  assert.equal(await adoptLog(stateFolder), 'other');
  const { id, calls, mark } = await pair({ stateFolder, owners });
  assert.deepEqual([id, calls], ['one', ['skip 50 devices, 4 metrics']]);
  assert.deepEqual(mark, { ...own, devices: 50, metrics: 4, adopted: ['other', 'still another'] });
});

test('what one process adopted is adopted by others of its database, as its records say so', async () => {
  const { calls, mark } = await pair({
    owners: [
      { ...other, devices: 9, metrics: 1 },
      { ...own, adopted: ['other'] },
    ],
  });
  assert.deepEqual([calls, mark?.adopted], [[], ['other']]);
});

test('a database that was restored from a backup is noticed by its records, also with an empty state folder', async () => {
  const { calls, events } = await pair({ owners: [{ ...own, devices: 12 }] });
  assert.deepEqual(calls, ['skip 12 devices, 3 metrics']);
  assert.deepEqual(events, [{ name: 'database-older-than-log', devicesLost: 2, metricsLost: 0 }]);
});

test('a refusal in a topic does not keep a new log in the state folder from taking a new id', async () => {
  const stateFolder = mkdtempSync(join(top, 'state-'));
  await assert.rejects(pair({ stateFolder, owners: [other] }), { code: 'log_of_other_database' });
  const { id, mark } = await pair({ stateFolder });
  assert.deepEqual([id, mark?.refused], ['renewed', []]);
});

test('a record of another database that is read later is refused, and `log adopt` knows of it', async () => {
  const { stateFolder } = await pair({ owners: [] });
  const mark = new LogMarkFile(stateFolder);
  mark.read();
  const ownership = new MarkedOwnership(mark, { stateFolder, topic: 'telemetry.raw' });
  assert.equal(ownership.refusalOf({ owner: own, partition: 0, offset: 1n }), undefined);
  const refusal = ownership.refusalOf({ owner: other, partition: 3, offset: 7n });
  assert.equal(refusal?.code, 'log_of_other_database');
  assert.match(refusal?.message ?? '', /its record 7 of partition 3 is of database other/);
  assert.equal(await adoptLog(stateFolder), 'other');
  const { mark: next } = await pair({ stateFolder, owners: [] });
  assert.deepEqual([next?.adopted, next?.devices], [['other'], 50]);
});
