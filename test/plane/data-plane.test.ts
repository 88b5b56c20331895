import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../src/config/config.js';
import { brokerLimits } from '../../src/config/settings/mqtt.js';
import { type DataPlaneOptions, ThreadedDataPlane } from '../../src/plane/data-plane.js';

const folder = mkdtempSync(join(tmpdir(), 'spillway-plane-'));
after(() => rmSync(folder, { recursive: true }));

/** What a start does before it fails: `take` claims the partitions, and a log thread that is started ends at once. */
async function failingStart(take: DataPlaneOptions['take']): Promise<string[]> {
  const order: string[] = [];
  const entry = new URL('data:text/javascript,throw new Error("no log here")');
  const config = loadConfig({ env: { SPILLWAY_STATE: folder, SPILLWAY_PARTITIONS: '2' } });
  const options: DataPlaneOptions = {
    entries: {
      broker: entry,
      gateway: entry,
      pipeline: entry,
      checkpoint: entry,
      store: entry,
      get log() {
        order.push('log opened');
        return entry;
      },
    },
    listen: config.listen,
    limits: config.limits,
    broker: brokerLimits(config.mqtt),
    exchange: undefined,
    sessionFolder: undefined,
    stopSeconds: 1,
    log: config.log,
    store: config.store,
    checkpoints: config.checkpoints,
    tls: undefined,
    connectionsMax: 1,
    runsGateways: false,
    runsPipelines: true,
    logFolder: join(folder, 'log'),
    checkpointFolder: join(folder, 'checkpoints'),
    checkpointStore: undefined,
    topic: undefined,
    consumerGroup: 'spillway',
    owner: 'this-run',
    databaseUrl: null,
    databaseId: '00000000-0000-0000-0000-000000000000',
    lostDevices: [],
    committed: [0n, 0n],
    take: (partitions) => {
      order.push(`claimed ${partitions}`);
      return take(partitions);
    },
    schemas: { planOf: async () => undefined },
    timeZones: { find: async () => undefined },
    metrics: () => [],
    addMetrics: async () => [],
    databaseTrouble: () => undefined,
    event: () => {},
    failed: () => {},
  };
  await assert.rejects(ThreadedDataPlane.start(options));
  return order;
}

test('the partitions are claimed before the log opens: another owner cannot move the offsets that it opens with', async () => {
  const taken = await failingStart(async (partitions) => partitions.map(() => ({ committed: 7n })));
  assert.deepEqual(taken, ['claimed 0,1', 'log opened']);
  const refused = await failingStart(async () => {
    throw new Error('the database is away');
  });
  assert.deepEqual(refused, ['claimed 0,1']);
});
