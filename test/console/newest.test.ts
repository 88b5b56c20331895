import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Device } from '../../src/console/data/answer.js';
import { FleetRow } from '../../src/console/data/fleet-row.js';
import { MetricList } from '../../src/console/data/metric-list.js';

const [before, now] = ['2026-03-01T12:00:00.000Z', '2026-03-01T12:00:01.000Z'];

const device: Device = {
  device_id: 'd1',
  tenant: 'default',
  status: 'active',
  via: null,
  device_class: null,
  firmware_version: null,
  schema: null,
  metadata: {},
  model: null,
  serial: null,
  owner: null,
  time_zone: null,
  location: null,
  tags: {},
  groups: [],
  registered_at: before,
  last_seen_at: null,
  connected: false,
  throttled: null,
  latest: {},
};

/** Readings in the order in which a page receives them, and the one that it then shows. */
const races = [
  [
    [
      { value: 1, ts: now },
      { value: 2, ts: before },
    ],
    1,
  ],
  [
    [
      { value: 1, ts: now },
      { value: 1.5, ts: now },
      { value: 'err', ts: now },
    ],
    'err',
  ],
  [
    [
      { value: 'err', ts: now },
      { value: 1, ts: now },
    ],
    'err',
  ],
  [
    [
      { value: 'err', ts: now },
      { value: 'ok', ts: now },
    ],
    'ok',
  ],
  [
    [
      { value: 'err', ts: before },
      { value: 1, ts: now },
    ],
    1,
  ],
] as const;

test('poll and live stream race, and both pages show the newest reading: of one time a text before a number', () => {
  for (const [readings, shown] of races) {
    const [list, row] = [new MetricList(), new FleetRow(device)];
    for (const reading of readings) {
      list.take('v', reading);
      row.take('v', reading, 0);
    }
    row.paint();
    assert.equal(list.rows.value[0]?.value.value, shown, JSON.stringify(readings));
    assert.equal(row.latest.value[0]?.[1].value, shown, JSON.stringify(readings));
  }
});
