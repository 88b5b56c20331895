import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Route, Router } from '../../src/http/router.js';

const route = (method: Route['method'], pattern: string): Route => ({
  method,
  pattern,
  doc: { summary: '', auth: 'nothing', answers: {}, codes: [] },
  handle: () => ({ status: 200, headers: [], body: '' }),
});
const routes = [
  route('GET', '/a/:id'),
  route('PATCH', '/a/:id'),
  route('POST', '/a/bulk'),
  route('GET', '/a/:id/b'),
  route('GET', '/a/:id/:what'),
];

test('fixed parts win, whatever the order of the routes', () => {
  for (const order of [routes, routes.toReversed()]) {
    const router = new Router(order);
    const found = (method: string, path: string) => {
      const match = router.match(method, path);
      return match.kind === 'route' ? [match.route.method, match.route.pattern, ...match.params] : match.kind;
    };
    assert.deepEqual(found('POST', '/a/bulk'), ['POST', '/a/bulk']);
    assert.deepEqual(found('GET', '/a/bulk'), ['GET', '/a/:id', 'bulk']);
    assert.deepEqual(found('HEAD', '/a/x%2Fy%20z'), ['GET', '/a/:id', 'x/y z']);
    assert.deepEqual(found('GET', '/a/1/b'), ['GET', '/a/:id/b', '1']);
    assert.deepEqual(found('GET', '/a/1/c'), ['GET', '/a/:id/:what', '1', 'c']);
    assert.equal(found('GET', '/a/%E6'), 'malformed');
    assert.equal(found('POST', '/a/x'), 'method');
    assert.equal(found('GET', '/a'), 'none');
    assert.equal(found('GET', '/a/1/b/c'), 'none');
  }
});

test('the methods of all routes that fit are allowed', () => {
  const match = new Router(routes).match('DELETE', '/a/bulk');
  assert.equal(match.kind === 'method' && match.allow, 'POST, GET, PATCH, HEAD, OPTIONS');
});

test('two routes of one method and path are a mistake', () => {
  assert.throws(() => new Router([...routes, route('GET', '/a/:id')]), /two routes answer GET \/a\/:id/);
});
