import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

function send(raw: string | Uint8Array<ArrayBuffer>, query = '') {
  return server.call('POST', `/v1/devices/import?${query}`, { raw, headers: { 'content-type': 'text/csv' } });
}

async function report(csv: string, query = '') {
  const { status, body, text } = await send(csv, query);
  assert.equal(status, 200, text);
  assert.equal(body.rows, body.created + body.updated + body.unchanged + body.failed);
  return body;
}

const FLEET = `\ufeffdevice_id,token,device_class,lat,lon,location,tags,groups,via,metadata
gw-1,token-of-gw-1,gateway,,,,,,,
"pump, ""big""",,pump,52.5,13.4,"Berlin, Mitte","line=2;beta",north/hall-1;pumps,gw-1,"{""k"":[1,""ä""]}"\r
pump-2,token-of-p2,pump,,,,,pumps,gw-1,
`;

test('a dry run says what would be, and does nothing; then it is done, and once more it changes nothing', async () => {
  const unknown = await report(FLEET, 'tenant=a&dry_run=true');
  assert.deepEqual(
    [unknown.created, unknown.failed, unknown.problems[0]],
    [1, 2, { line: 3, device_id: 'pump, "big"', reason: 'north is no group of the tenant' }],
  );
  const dry = await report(FLEET, 'tenant=a&dry_run=true&create_groups=true');
  assert.deepEqual([dry.dry_run, dry.created, dry.groups_created, dry.failed, dry.tokens.length], [true, 3, 3, 0, 0]);
  assert.equal(server.registry.count('a'), 0);
  assert.equal((await server.call('GET', '/v1/groups?tenant=a')).body.groups.length, 0);

  const done = await report(FLEET, 'tenant=a&create_groups=true');
  assert.deepEqual([done.created, done.groups_created, done.failed], [3, 3, 0]);
  assert.deepEqual(
    done.tokens.map(({ device_id }: { device_id: string }) => device_id),
    ['pump, "big"'],
  );
  const pump = server.registry.get('a', 'pump, "big"')!;
  assert.deepEqual(pump.details.location, { lat: 52.5, lon: 13.4, name: 'Berlin, Mitte' });
  assert.deepEqual([pump.details.tags, pump.metadata], [{ beta: '', line: '2' }, { k: [1, 'ä'] }]);
  assert.equal(server.registry.byNumber(pump.via)!.id, 'gw-1');
  assert.ok(server.plane.published.some(({ number }) => number === pump.number));

  const again = await report(FLEET, 'tenant=a');
  assert.deepEqual([again.unchanged, again.created, again.updated, again.failed], [3, 0, 0, 0]);
});

test('an export is an import that changes nothing, page by page', async () => {
  await report(FLEET, 'tenant=b&create_groups=true');
  await server.call('PATCH', '/v1/devices/pump-2?tenant=b', { body: { status: 'inactive', model: ' 7" ', owner: 'a;b' } });
  const whole = await server.call('GET', '/v1/devices?tenant=b&format=csv&limit=10000');
  assert.match(whole.headers.get('content-type')!, /^text\/csv/);
  assert.equal(whole.headers.get('x-next'), null);
  const same = await report(whole.text, 'tenant=b');
  assert.deepEqual([same.rows, same.unchanged], [3, 3]);
  const copied = await report(whole.text, 'tenant=c&create_groups=true');
  assert.deepEqual([copied.created, copied.tokens.length], [3, 3]);
  assert.equal((await server.call('GET', '/v1/devices?tenant=c&format=csv&limit=1000')).text, whole.text);
  const first = await server.call('GET', '/v1/devices?tenant=b&format=csv&limit=1');
  assert.equal(first.text.trim().split('\n').length, 2);
  const next = first.headers.get('x-next')!;
  const rest = await server.call('GET', `/v1/devices?tenant=b&format=csv&limit=10&after=${next}`);
  assert.equal(first.text + rest.text.slice(rest.text.indexOf('\n') + 1), whole.text);
});

test('an empty cell takes away, a column that is not there leaves', async () => {
  await report('device_id,model,owner,tags\nx,M,O,a=1;b=2\n', 'tenant=d');
  const changed = await report('device_id,model,tags\nx,,a=3\n', 'tenant=d');
  assert.equal(changed.updated, 1);
  const { details } = server.registry.get('d', 'x')!;
  assert.deepEqual([details.model, details.owner, details.tags], [null, 'O', { a: '3' }]);
});

test('each row that cannot be taken is reported with its line, and the others are taken', async () => {
  const rows = [
    'device_id,token,status,lat,lon,metadata,via',
    'ok-1,token-of-ok-1,,,,,',
    'a/b,token-of-x,,,,,',
    'short,token,,,,,',
    'bad-status,token-of-x,broken,,,,',
    'bad-place,token-of-x,,95,0,,',
    'half-place,token-of-x,,5,,,',
    'bad-json,token-of-x,,,,{,',
    'no-gateway,token-of-x,,,,,nobody',
    'few-cells,token-of-x',
    'ok-1,token-of-ok-1,,,,,',
    ',token-of-x,,,,,',
    'ok-2,token-of-ok-2,quarantined,,,,ok-1',
  ];
  const { problems, created, failed } = await report(rows.join('\n'), 'tenant=e');
  assert.deepEqual([created, failed], [2, 10]);
  assert.deepEqual(
    problems.map(({ line, reason }: { line: number; reason: string }) => [line, reason]),
    [
      [3, 'device_id must not hold "/", "+", "#", control characters or lone surrogates'],
      [5, 'status must be one of active, inactive, quarantined, decommissioned'],
      [6, 'location.lat must be a number from -90 to 90'],
      [8, 'metadata must be JSON'],
      [10, 'it has 2 cells, the header 7'],
      [11, 'device_id is on line 2 already'],
      [12, 'device_id must not be empty'],
      [4, 'token has too few characters'],
      [7, 'location must have lat and lon'],
      [9, 'via names nobody, which is no device of the tenant'],
    ],
  );
  assert.equal(server.registry.get('e', 'ok-2')!.status, 'quarantined');
});

test('a decommissioned device that a row would bring back does not hold up the others', async () => {
  await report('device_id,model\nold,A\nnew,A\n', 'tenant=f');
  await server.call('PATCH', '/v1/devices/old?tenant=f', { body: { status: 'decommissioned' } });
  const { updated, failed, problems } = await report('device_id,status,model\nold,active,B\nnew,active,B\n', 'tenant=f');
  assert.deepEqual([updated, failed, problems[0].device_id], [1, 1, 'old']);
  assert.equal(server.registry.get('f', 'new')!.details.model, 'B');
});

test('semicolons and tabs separate, too; what is no CSV of devices is refused as a whole', async () => {
  assert.equal((await report('device_id;model\nsemi;M\n', 'tenant=g')).created, 1);
  assert.equal((await report('device_id\tmodel\ntab\tM\n', 'tenant=g')).created, 1);
  for (const csv of ['', 'name,model\nx,y\n', 'device_id,device_id\nx,y\n', 'device_id,colour\nx,y\n']) {
    assertFailure(await send(csv), 400, 'body_invalid');
  }
  assertFailure(await send(new Uint8Array([0x64, 0xff, 0x0a])), 400, 'body_malformed');
  const open = await report('device_id,model\nfine,M\n"never closed,M\n', 'tenant=g');
  assert.deepEqual([open.created, open.failed], [1, 1]);
  assert.match(open.problems[0].reason, /quote.*nothing from here on was read/);
});
