import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NO_DETAILS } from '../../../src/control/registry/device-details.js';
import { patchedDetails } from '../../../src/control/registry/device-patch.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

async function register(body: object): Promise<void> {
  const created = await server.call('POST', '/v1/devices', { body });
  assert.equal(created.status, 201, created.text);
}

async function ids(query: string): Promise<string[]> {
  const found = await server.call('GET', `/v1/devices?${query}`);
  assert.equal(found.status, 200, found.text);
  return found.body.devices.map(({ device_id }: { device_id: string }) => device_id);
}

test('what is noted of a device is kept, shown, and is there after a restart', async () => {
  const noted = { model: 'TX-9', serial: 'SN 0007', owner: 'Plant A', tags: { line: '2', área: 'höher' } };
  await register({ device_id: 'noted', ...noted, location: { lat: 52.5, lng: 13.4, name: 'Berlin' } });
  const { body } = await server.call('GET', '/v1/devices/noted');
  assert.deepEqual({ model: body.model, serial: body.serial, owner: body.owner, tags: body.tags }, noted);
  assert.deepEqual(body.location, { lat: 52.5, lon: 13.4, name: 'Berlin' });
  const device = structuredClone(server.registry.get('default', 'noted')!);
  await server.registry.refresh();
  assert.deepEqual(server.registry.get('default', 'noted'), device);
  const [row] = await server.database.sql`select model, tags, location, group_ids from devices where name = 'noted'`;
  assert.deepEqual({ ...row }, { model: 'TX-9', tags: noted.tags, location: { lat: 52.5, lon: 13.4, name: 'Berlin' }, group_ids: [] });
});

test('a change is merged as RFC 7396 says it', async () => {
  await register({
    device_id: 'merged',
    metadata: { a: { x: 1, y: 2 }, b: 3 },
    tags: { keep: '1', drop: '2' },
    location: { lat: 1, lon: 2 },
  });
  const change = { metadata: { a: { x: null, z: 4 }, b: null }, tags: { drop: null, add: 'n' }, location: { name: 'attic' }, model: 'M' };
  const { body } = await server.call('PATCH', '/v1/devices/merged', { body: change });
  assert.deepEqual(body.metadata, { a: { y: 2, z: 4 } });
  assert.deepEqual(body.tags, { keep: '1', add: 'n' });
  assert.deepEqual(body.location, { lat: 1, lon: 2, name: 'attic' });
  const cleared = await server.call('PATCH', '/v1/devices/merged', { body: { model: null, tags: null, location: null } });
  assert.deepEqual([cleared.body.model, cleared.body.tags, cleared.body.location], [null, {}, null]);
  // Of two changes at once none is lost.
  await Promise.all(['p', 'q'].map((key) => server.call('PATCH', '/v1/devices/merged', { body: { tags: { [key]: '1' } } })));
  assert.deepEqual((await server.call('GET', '/v1/devices/merged')).body.tags, { p: '1', q: '1' });
});

test('what cannot be noted is refused by name and leaves the device as it is', async () => {
  await register({ device_id: 'strict', tags: { a: '1' } });
  const many = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`t${index}`, '']));
  const cases: [object, RegExp][] = [
    [{ tags: { 'a=b': '1' } }, /tags must have keys/],
    [{ tags: { a: 1 } }, /tags.a must be a string/],
    [{ tags: { a: 'x;y' } }, /tags must have values/],
    [{ tags: many }, /tags must be at most 32/],
    [{ location: { lat: 91, lon: 0 } }, /location.lat must be a number from -90 to 90/],
    [{ location: { lat: 1 } }, /location must have lat and lon/],
    [{ model: '' }, /model must have 1 to 128 bytes/],
    [{ owner: 'a\u0000' }, /owner must not hold control/],
  ];
  for (const [body, cause] of cases) {
    const refused = await server.call('PATCH', '/v1/devices/strict', { body });
    assertFailure(refused, 400, 'body_invalid');
    assert.match(refused.body.error.message, cause);
  }
  assertFailure(await server.call('PATCH', '/v1/devices/strict', { body: { groups: ['nowhere'] } }), 404, 'group_unknown');
  assert.deepEqual((await server.call('GET', '/v1/devices/strict')).body.tags, { a: '1' });
});

test('a search asks for what all of its members say', async () => {
  const of = (device_id: string, rest: object) => register({ device_id, tenant: 'zoo', ...rest });
  await of('cam-1', { device_class: 'camera', firmware_version: '1.0', tags: { site: 'n', beta: '' }, serial: 'AX1' });
  await of('cam-2', { device_class: 'camera', firmware_version: '2.0', tags: { site: 's' }, owner: 'Zürich' });
  await of('gate', { model: 'G5' });
  await of('lock', { device_class: 'lock', via: 'gate', tags: { site: 'n' }, location: { lat: 0, lon: 0, name: 'Main Door' } });
  await server.call('PATCH', '/v1/devices/lock?tenant=zoo', { body: { status: 'inactive' } });
  server.plane.connected.add(server.registry.get('zoo', 'cam-2')!.number);
  const cases: [string, string[]][] = [
    ['', ['cam-1', 'cam-2', 'gate', 'lock']],
    ['prefix=cam', ['cam-1', 'cam-2']],
    ['class=camera&firmware=2.0', ['cam-2']],
    ['class=', ['gate']],
    ['tag=site%3Dn', ['cam-1', 'lock']],
    ['tag=site', ['cam-1', 'cam-2', 'lock']],
    ['tag=site%3Dn&tag=beta', ['cam-1']],
    ['tag=__proto__', []],
    ['status=inactive', ['lock']],
    ['model=G5', ['gate']],
    ['serial=AX1', ['cam-1']],
    ['owner=Z%C3%BCrich', ['cam-2']],
    ['via=gate', ['lock']],
    ['via=', ['cam-1', 'cam-2', 'gate']],
    ['via=nobody', []],
    ['connected=true', ['cam-2']],
    ['q=z%C3%9CR', ['cam-2']],
    ['q=main', ['lock']],
    ['q=ax1', ['cam-1']],
    ['q=site', ['cam-1', 'cam-2', 'lock']],
  ];
  for (const [query, wanted] of cases) assert.deepEqual(await ids(`tenant=zoo&${query}`), wanted, query);
  const counted = await server.call('GET', '/v1/devices?tenant=zoo&class=camera&limit=1&count=true');
  assert.deepEqual([counted.body.matched, counted.body.total, counted.body.next], [2, 4, 'cam-1']);
  assertFailure(await server.call('GET', '/v1/devices?status=gone'), 400, 'query_invalid');
  assertFailure(await server.call('GET', '/v1/devices?group=nowhere'), 404, 'group_unknown');
});

test('pages of a search neither repeat nor leave out a device that was there all along', async () => {
  const bulk = { count: 12_000, id_format: 'd-%05d', tenant: 'big', token: 'token-of-all', device_class: 'x' };
  assert.equal((await server.call('POST', '/v1/devices/bulk', { body: bulk })).status, 201);
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const query = `tenant=big&class=x&q=7&limit=700${after === null ? '' : `&after=${after}`}`;
    const { body } = await server.call('GET', `/v1/devices?${query}`);
    for (const { device_id } of body.devices) seen.push(device_id);
    after = body.next;
    // Between the pages devices come, before and after the place of the search, and the last one seen goes.
    await register({ device_id: `d-0000a${seen.length}`, tenant: 'big', device_class: 'x' });
    if (after !== null) await server.call('DELETE', `/v1/devices/${after}?tenant=big`);
  } while (after !== null);
  const wanted = Array.from({ length: 12_000 }, (_, index) => `d-${String(index + 1).padStart(5, '0')}`).filter((id) => id.includes('7'));
  assert.deepEqual(
    seen.filter((id) => !id.includes('a')),
    wanted,
  );
});

test('equal details are shared, and a patch says what it cannot do', () => {
  const once = patchedDetails(NO_DETAILS, { groups: [3, 1, 3], join: [2], leave: [3] });
  assert.ok(typeof once !== 'string');
  assert.deepEqual(once.groups, [1, 2]);
  const many = Array.from({ length: 33 }, (_, index) => index + 1);
  assert.match(patchedDetails(NO_DETAILS, { groups: many }) as string, /at most 32/);
});
