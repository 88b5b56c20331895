import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Device } from '../../src/console/data/answer.js';
import { type FleetFilter, type ReadDevices, scanFleet } from '../../src/console/data/fleet-scan.js';

const everything: FleetFilter = { text: '', status: '', connection: '' };

function device(index: number): Device {
  return {
    device_id: `dev-${String(index).padStart(5, '0')}`,
    tenant: 'default',
    status: index % 10 === 0 ? 'quarantined' : 'active',
    via: index % 2 === 0 ? 'gw-1' : null,
    device_class: null,
    firmware_version: null,
    schema: null,
    metadata: {},
    model: null,
    serial: null,
    owner: null,
    location: null,
    tags: {},
    groups: [],
    registered_at: '2026-01-01T00:00:00.000Z',
    last_seen_at: null,
    connected: index % 3 === 0,
    latest: {},
  };
}

function registry(count: number): { read: ReadDevices; calls: number[] } {
  const devices = Array.from({ length: count }, (_, index) => device(index));
  const calls: number[] = [];
  return {
    calls,
    read: async (after, limit) => {
      calls.push(limit);
      const rest = devices.filter((entry) => after === undefined || entry.device_id > after);
      const page = rest.slice(0, limit);
      return { ok: true, value: { devices: page, total: count, next: rest.length > limit ? page.at(-1)!.device_id : null } };
    },
  };
}

async function pages(read: ReadDevices, filter: FleetFilter, count: number): Promise<string[][]> {
  const found: string[][] = [];
  let after: string | undefined;
  do {
    const answer = await scanFleet(read, filter, count, after);
    assert.ok(answer.ok);
    found.push(answer.value.devices.map((entry) => entry.device_id));
    after = answer.value.next ?? undefined;
  } while (after !== undefined);
  return found;
}

test('without a filter a page is one call', async () => {
  const { read, calls } = registry(250);
  const found = await pages(read, everything, 100);
  assert.deepEqual(
    found.map((page) => page.length),
    [100, 100, 50],
  );
  assert.deepEqual(calls, [100, 100, 100]);
});

test('pages of a search hold each match once, in order', async () => {
  const { read } = registry(5000);
  const found = (await pages(read, { text: 'DEV-0', status: 'quarantined', connection: 'connected' }, 40)).flat();
  const expected = Array.from({ length: 5000 }, (_, index) => device(index)).filter(
    (entry) => entry.status === 'quarantined' && entry.connected,
  );
  assert.deepEqual(
    found,
    expected.map((entry) => entry.device_id),
  );
  assert.deepEqual((await pages(read, { ...everything, text: 'gw-1' }, 1000)).flat().length, 2500);
});

test('a search stops after a bounded step and resumes there', async () => {
  const { read, calls } = registry(50_000);
  const first = await scanFleet(read, { ...everything, text: 'dev-49999' }, 100, undefined);
  assert.ok(first.ok && first.value.devices.length === 0 && first.value.next !== null);
  assert.equal(calls.length, 20);
  assert.deepEqual((await pages(read, { ...everything, text: 'dev-49999' }, 100)).flat(), ['dev-49999']);
});

test('a refusal comes through', async () => {
  const refusal = { code: 'unreachable', message: '', wayOut: '' };
  assert.deepEqual(await scanFleet(async () => ({ ok: false, refusal }), everything, 100, undefined), { ok: false, refusal });
});
