import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { deviceNamed, namePattern } from '../../../src/contract/identity/certificate-names.js';

function named(pattern: string, subject: string, subjectAltName?: string) {
  const found = namePattern(pattern);
  assert.ok(found, pattern);
  return deviceNamed({ subject, subjectAltName } as X509Certificate, [found]);
}

test('a pattern reads the device, and the tenant where it names one', () => {
  assert.deepEqual(named('cn:{device}', 'O=x\nCN=dev 1'), { tenant: 'default', device: 'dev 1' });
  assert.deepEqual(named('cn:{tenant}/{device}', 'CN=a/b'), { tenant: 'a', device: 'b' });
  assert.deepEqual(named('dns:{device}.{tenant}.example.org', 'CN=x', 'DNS:d1.acme.EXAMPLE.org, URI:a'), { tenant: 'acme', device: 'd1' });
  assert.deepEqual(named('uri:urn:dev:{device}', 'CN=x', 'DNS:y, URI:urn:dev:7, IP Address:127.0.0.1'), { tenant: 'default', device: '7' });
});

test('what fits not exactly, or in several ways, names nobody', () => {
  assert.equal(named('dns:{device}.example.org', '', 'DNS:a.b.example.org'), undefined);
  assert.equal(named('dns:{device}.example.org', '', 'DNS:a.exampleXorg'), undefined);
  assert.equal(named('cn:{device}', 'CN=a\nCN=b'), undefined);
  assert.equal(named('dns:{device}.x', '', 'DNS:a.x, DNS:b.x'), undefined);
  assert.equal(named('cn:{device}', 'O=a'), undefined);
});

test('a name that holds what looks like another one is one name', () => {
  assert.equal(named('dns:{device}.x', '', 'URI:"http://a/?, DNS:b.x"'), undefined);
  assert.equal(named('uri:{device}', '', 'URI:"a, DNS:b"')?.device, 'a, DNS:b');
  assert.equal(named('dns:{device}.x', '', 'DNS:a.x, strange'), undefined);
});

test('texts that are no patterns are not taken', () => {
  for (const text of ['{device}', 'cn:', 'cn:x', 'ip:{device}', 'cn:{device}{device}', 'cn:{device}{other}', 'cn:{tenant}']) {
    assert.equal(namePattern(text), undefined, text);
  }
});
