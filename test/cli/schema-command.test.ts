import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADMIN_KEY, startServerUnderTest } from '../support/server-under-test.js';
import { hostedOutcome } from './hosted-command.js';
import { temporaryFolder } from './run-spillway.js';

test('a schema is made from a file, shown, compared, pinned and retired', async (t) => {
  const server = await startServerUnderTest();
  t.after(() => server.close());
  const folder = temporaryFolder(t);
  const env = { SPILLWAY_ADMIN_KEY: ADMIN_KEY };
  const run = (...args: string[]) => hostedOutcome(folder, ['schema', ...args, '--url', server.url], env);
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const fields = { temperature: { unit: '[degF]', to: 'Cel', min: -40, required: true } };
  const first = file('pump-1.json', JSON.stringify({ fields }));
  const made = await run('add', 'pump', '--firmware', '1.x', '--definition', first);
  assert.match(made.stdout, /^version 1 of schema [0-9a-f-]{36}: class pump, firmware 1\.x\n$/);
  const id = made.stdout.split(' ')[4]?.slice(0, -1) as string;
  const second = file('pump-2.json', JSON.stringify({ fields: { ...fields, rpm: 'integer' } }));
  assert.equal((await run('check', id, second)).stdout, 'it is backward compatible with version 1\n');
  assert.match((await run('add', 'pump', '--firmware', '1.x', '--definition', second, '--json')).stdout, /"version":2,/);
  const bad = await run('check', id, file('pump-3.json', '{"fields":{"rpm":"text"}}'));
  assert.deepEqual([bad.code, bad.stdout.split('\n')[0]], [1, 'it is not backward compatible with version 2']);
  assert.match(bad.stdout, /\ntemperature +is no longer there\n/);
  assert.match((await run('diff', id)).stdout, /^from version 1 to 2: 1 changes\nPATH +CHANGE +BREAKS\nrpm +is new +-\n$/);
  assert.match((await run('list')).stdout, new RegExp(`^CLASS .*\\npump +1\\.x +json +strict +2 +2 +${id}\\n$`));
  assert.equal((await run('pin', id, '1')).stdout, 'version 1 is used\n');
  const shown = (await run('show', id)).stdout;
  assert.match(
    shown,
    /^class pump, firmware 1\.x, 0 devices\nVERSION .*\n2 .*\n1\* .*\n\nFIELD .*\ntemperature +temperature +number +Cel +yes +-40\.\. reject\n$/,
  );
  const payload = file('payload.json', '{"temperature":212,"rpm":7}');
  const tried = (await run('test', id, payload)).stdout;
  assert.match(tried, /^read by version 1\nMETRIC +VALUE +UNIT +TIME\n/);
  assert.match(tried, /\ntemperature +100 +Cel +\d{4}-/);
  assert.match(tried, /\nrpm +7 +- +\d{4}-/);
  assert.match(
    (await run('test', id, payload, '--definition', file('t.json', '{"fields":{"temperature":"text"}}'))).stdout,
    /^read by the definition\nfield_type_invalid: /,
  );
  assert.equal((await run('unpin', id)).stdout, 'version 2, the latest, is used\n');
  assert.equal((await run('rm', id)).stdout, `schema ${id} of class pump is retired\n`);
  const gone = await run('pin', id, '1', '--json');
  assert.deepEqual([gone.code, JSON.parse(gone.stderr).error.code], [1, 'schema_retired']);
});

test('a .proto file is a definition, and what is no JSON is told with its file', async (t) => {
  const server = await startServerUnderTest();
  t.after(() => server.close());
  const folder = temporaryFolder(t);
  const env = { SPILLWAY_ADMIN_KEY: ADMIN_KEY };
  const run = (...args: string[]) => hostedOutcome(folder, ['schema', ...args, '--url', server.url], env);
  const [proto, broken] = [join(folder, 'meter.proto'), join(folder, 'meter.json')];
  writeFileSync(proto, 'syntax = "proto3"; message Meter { double energy = 1; }');
  writeFileSync(broken, '{"fields":');
  const made = JSON.parse((await run('add', 'meter', '--definition', proto, '--mode', 'flexible', '--json')).stdout);
  assert.deepEqual([made.format, made.mode, made.firmware_version], ['protobuf', 'flexible', '*']);
  const refused = await run('add', 'meter', '--definition', broken, '--json');
  assert.equal(JSON.parse(refused.stderr).error.code, 'definition_malformed');
});
