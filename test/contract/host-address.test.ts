import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authority, reachableHost } from '../../src/contract/host-address.js';

test('an IPv6 address has brackets before its port, other hosts have none', () => {
  const written = ['127.0.0.1', '::1', '2001:db8::7', 'localhost'].map((host) => authority(host, 8080));
  assert.deepEqual(written, ['127.0.0.1:8080', '[::1]:8080', '[2001:db8::7]:8080', 'localhost:8080']);
  for (const host of written) assert.ok(URL.canParse(`http://${host}`));
});

test('what listens on all addresses is reached over the loopback of their family', () => {
  const hosts = ['0.0.0.0', '::', '0:0:0:0:0:0:0:0', '::1', '192.0.2.1', 'spillway.example'].map(reachableHost);
  assert.deepEqual(hosts, ['127.0.0.1', '::1', '::1', '::1', '192.0.2.1', 'spillway.example']);
});
