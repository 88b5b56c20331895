import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DevicePage } from '../../src/console/data/answer.js';
import { everyDevice, isFiltered, positionText, queryOf } from '../../src/console/data/fleet-filter.js';

const page = (many: number, total: number, matched?: number): DevicePage => ({
  devices: Array.from({ length: many }) as DevicePage['devices'],
  total,
  next: null,
  ...(matched !== undefined && { matched }),
});

test('the server gets what is asked, and nothing for an empty field', () => {
  assert.deepEqual(queryOf(everyDevice), {});
  assert.equal(isFiltered(everyDevice), false);
  const filter = { ...everyDevice, text: 'hall', connection: 'away', deviceClass: 'pump', tag: 'floor=2' } as const;
  assert.deepEqual(queryOf(filter), { q: 'hall', connected: 'false', class: 'pump', tag: 'floor=2', count: 'true' });
  assert.deepEqual(queryOf({ ...everyDevice, connection: 'connected' }), { connected: 'true', count: 'true' });
  for (const member of Object.keys(everyDevice)) assert.equal(isFiltered({ ...everyDevice, [member]: 'connected' }), true, member);
});

test('the position says which of how many, and what was searched', () => {
  assert.equal(positionText(page(0, 0), 0, false), '');
  assert.equal(positionText(page(100, 250), 100, false), '101–200 of 250 devices');
  assert.equal(positionText(page(0, 250, 0), 0, true), 'No match among 250 devices');
  assert.equal(positionText(page(12, 1250, 112), 100, true), '101–112 of 112 matches among 1,250 devices');
});
