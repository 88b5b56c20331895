import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withoutSettings } from '../../../src/cli/inherited-env.js';
import { answered, type Header, loadAddon, type Producer } from '../../../src/kafka/client.js';
import { markHeaders } from '../../../src/log/kafka/marks.js';
import { ownerHeader } from '../../../src/log/kafka/owner-header.js';
import { committed } from '../../support/api.js';
import { sealBlock } from '../../support/blocks.js';
import { openDatabase } from '../../support/database.js';
import { assertUntouched, lettersOf, readingsOf, register, send, strangers } from '../../support/device-readings.js';
import { Deployments } from '../../support/kafka/deployments.js';
import { DEADLINE_MS, until } from '../../support/until.js';

// Records of a topic hold numbers of devices, which mean something only in the database that gave them out. A process with an empty
// state folder and another database may not hand them to its own devices.

const program = fileURLToPath(new URL('../../../src/main.js', import.meta.url));
const deployments = new Deployments(() => ({ SPILLWAY_PARTITIONS: '2' }));
const ALL = 'gateway,pipeline,control';

async function adopt(name: string): Promise<string> {
  const env = { ...withoutSettings(process.env), SPILLWAY_STATE: join(deployments.current.folder, name) };
  return (await promisify(execFile)(process.execPath, [program, 'log', 'adopt'], { env })).stdout;
}

test('a topic of another database is refused by a process with an empty state folder, until it is adopted', async () => {
  const { current } = deployments;
  const second = await openDatabase();
  const ofSecond = { SPILLWAY_DATABASE_URL: second.url };
  try {
    const first = await current.start('first', ALL);
    await register(first, 'default', ['a-1', 'a-2', 'a-3']);
    for (const id of ['a-1', 'a-2', 'a-3']) await send(first, id, 1, 2);
    await committed(first);
    await first.stop();

    // A process without pipelines would read nothing later.
    await assert.rejects(current.start('second', 'gateway', ofSecond), (error: Error) => {
      assert.match(error.message, /ended with 1/);
      assert.match(error.message, /log_of_other_database/);
      assert.match(error.message, /SPILLWAY_KAFKA_TOPIC_PREFIX.*up to number 0 are the same.*npx spillway log adopt/);
      return true;
    });
    // The refusal binds nobody: with its own database the same folder starts.
    await (await current.start('second', 'gateway')).stop();
    await assert.rejects(current.start('third', ALL, ofSecond), /log_of_other_database/);

    assert.match(await adopt('third'), /the next start takes the log over; it was of database [0-9a-f-]{36}\n/);
    const third = await current.start('third', ALL, ofSecond);
    const newcomers = ['n-1', 'n-2', 'n-3', 'n-4'];
    await register(third, 'evil', newcomers);
    await committed(third);
    for (const id of newcomers) await assertUntouched(third, 'evil', id);
    assert.equal(await strangers(second.url), 0);
    assert.deepEqual(await lettersOf(third), Array(6).fill('device_lost'));
    await register(third, 'default', ['d-1']);
    await send(third, 'd-1', 7, 8);
    await committed(third);
    assert.deepEqual(await readingsOf(third, 'default', 'd-1'), [7, 8]);

    // What is adopted is in the records too: another process of this database need not be told, and one of the first is refused.
    const fourth = await current.start('fourth', 'gateway', ofSecond);
    await assert.rejects(current.start('fifth', 'gateway'), /log_of_other_database/);
    await fourth.stop();
    await third.stop();
  } finally {
    await second.stop();
  }
});

test('a record that a process of another database writes meanwhile is not run, and ends the process', async () => {
  const { current } = deployments;
  const running = await current.start('one', ALL);
  await register(running, 'default', ['a-1']);
  const block = Buffer.from(sealBlock(0, [{ device: 1, receiveUs: 5000, payload: '{"metrics":{"n":1}}' }]));
  const other = { database: '00000000-0000-4000-8000-000000000001', devices: 1, metrics: 1, adopted: [] };
  await writeRecord(0, block, markHeaders({ source: 1n, number: 1n }, ownerHeader(other)));
  await until('the process reports why it ends', () => running.output().includes('log_of_other_database'));
  await assert.rejects(running.stop(), /1/);
  assert.match(running.output(), /its record 0 of partition 0 is of database 00000000-0000-4000-8000-000000000001/);
  assert.equal((await current.database.sql`select from readings`).length, 0);
});

async function writeRecord(partition: number, value: Buffer, headers: readonly Header[]): Promise<void> {
  const { Producer } = loadAddon();
  const producer: Producer = new Producer({ 'metadata.broker.list': deployments.addresses, dr_cb: true }, {});
  await answered((done) => producer.connect({ timeout: DEADLINE_MS }, done));
  let delivered = false;
  producer.on('delivery-report', (error) => {
    assert.equal(error, null);
    delivered = true;
  });
  producer.produce(deployments.current.topic, partition, value, null, Date.now(), undefined, headers);
  await until('it is written', () => {
    producer.poll();
    return delivered;
  });
  await answered((done) => producer.disconnect(done));
}
