import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiErrors } from '../../src/contract/api-errors.js';
import { type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

type Described = Record<
  string,
  Record<
    string,
    {
      responses: Record<string, { description: string; content: object }>;
      parameters: { name: string; in: string; required: boolean }[];
      requestBody?: { required: boolean; content: object };
      security: object[];
    }
  >
>;

test('the document needs no key and describes every route of the process', async () => {
  const { status, body } = await server.call('GET', '/v1/openapi.json', { headers: { authorization: '' } });
  assert.deepEqual([status, body.openapi], [200, '3.1.0']);
  const paths = body.paths as Described;
  const described = Object.entries(paths).flatMap(([path, calls]) => Object.keys(calls).map((method) => `${method.toUpperCase()} ${path}`));
  const routes = server.routes.map(({ method, pattern }) => `${method} ${pattern.replaceAll(/:(\w+)/g, '{$1}')}`);
  assert.deepEqual(described.sort(), [...routes, 'GET /v1/openapi.json'].sort());
  for (const [path, calls] of Object.entries(paths)) {
    for (const [method, call] of Object.entries(calls)) {
      const named = call.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      assert.deepEqual(path.match(/\{\w+\}/g) ?? [], named, path);
      assert.ok(Object.keys(call.responses).length > 1, `${method} ${path} names what it may be refused with`);
      assert.equal(
        call.requestBody !== undefined,
        ['put', 'patch'].includes(method) || (method === 'post' && path !== '/v1/ingest'),
        `${method} ${path}`,
      );
    }
  }
  const metrics = paths['/v1/devices/{id}/metrics']!.get!;
  assert.deepEqual(
    metrics.parameters.filter(({ required }) => required).map(({ name }) => name),
    ['id', 'metric'],
  );
  assert.match(metrics.responses['400']!.description, /`resolution_unsupported`/);
  assert.deepEqual([paths['/healthz']!.get!.security, paths['/v1/devices']!.get!.security], [[], [{ admin: ['viewer'] }]]);
  assert.deepEqual(paths['/v1/devices/{id}/token']!.post!.requestBody!.required, false);
});

test('every reference leads somewhere, and every code that a call names is in the table', async () => {
  const { text, body } = await server.call('GET', '/v1/openapi.json');
  for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) assert.ok(body.components.schemas[name!], name);
  const named = new Set([...text.matchAll(/`(\w+)`: /g)].map(([, code]) => code!));
  assert.deepEqual(
    [...named].filter((code) => !apiErrors.has(code)),
    [],
  );
  assert.ok(named.size > 30, `${named.size} codes are named`);
});
