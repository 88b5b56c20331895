import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiFailure } from '../../../src/contract/api-errors.js';
import type { Device } from '../../../src/control/registry/device.js';
import { Subdevices } from '../../../src/control/registry/subdevices.js';

function site(metadata: Device['metadata'], max?: number) {
  const created: string[] = [];
  const events: string[] = [];
  const gateway = { number: 1, tenant: 'acme', id: 'gw', metadata } as Device;
  const known = new Map([['other', { number: 2 } as Device]]);
  const answers: { next: () => unknown } = { next: () => ({}) };
  const registry = {
    byNumber: (number: number) => (number === 1 ? gateway : undefined),
    children: () => created.length,
    get: (_: string, id: string) => known.get(id),
    create: async ({ id = '' }) => {
      await Promise.resolve();
      const answer = answers.next();
      if (!(answer instanceof ApiFailure)) created.push(id);
      return answer as never;
    },
  };
  return { created, events, answers, subdevices: new Subdevices(registry, (level, name) => events.push(`${level} ${name}`), max) };
}

test('a device is registered once, however often it is named meanwhile', async () => {
  const { created, events, subdevices } = site({ subdevices: true });
  await Promise.all(['lamp', 'lamp', 'plug', 'other', '', 'a/b', 'x'.repeat(129)].map((id) => subdevices.add(1, id)));
  assert.deepEqual(
    [created, events],
    [
      ['lamp', 'plug'],
      ['info subdevice-registered', 'info subdevice-registered'],
    ],
  );
});

test('nothing is registered for a gateway that may not, or that is none', async () => {
  for (const metadata of [{}, { subdevices: 'yes' }, { subdevices: false }]) {
    const { created, subdevices } = site(metadata);
    await subdevices.add(1, 'lamp');
    await subdevices.add(9, 'lamp');
    assert.deepEqual(created, []);
  }
});

test('a gateway registers so many and no more, and that is reported once', async () => {
  const { created, events, subdevices } = site({ subdevices: true }, 3);
  for (let i = 0; i < 6; i++) await subdevices.add(1, `d${i}`);
  assert.deepEqual(created, ['d0', 'd1', 'd2']);
  assert.deepEqual(events.slice(3), ['warn subdevice-not-registered']);
});

test('a registration that fails is reported, and may be tried again', async () => {
  const { created, events, answers, subdevices } = site({ subdevices: true });
  const next = answers.next;
  answers.next = () => new ApiFailure('devices_exhausted', 'register it');
  await subdevices.add(1, 'lamp');
  answers.next = () => {
    throw new Error('the database is away');
  };
  await subdevices.add(1, 'lamp');
  answers.next = next;
  await subdevices.add(1, 'lamp');
  assert.deepEqual(
    [created, events],
    [['lamp'], ['warn subdevice-not-registered', 'warn subdevice-not-registered', 'info subdevice-registered']],
  );
});
