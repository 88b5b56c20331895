import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProxyHeader, proxyHeaderOf } from '../../src/sockets/proxy-header.js';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V4 = Buffer.from('c0000207c63364013039075b', 'hex');
const V6 = Buffer.concat([Buffer.from('20010db8000000000000000000000007', 'hex'), Buffer.alloc(20)]);
const AFTER = Buffer.from('\x10after');

/** A header of version 2, and bytes of the connection after it. */
function binary(command: number, family: number, body: Buffer): Buffer {
  return Buffer.concat([SIGNATURE, Buffer.from([command, family, body.length >> 8, body.length & 255]), body, AFTER]);
}

const line = (text: string) => Buffer.concat([Buffer.from(text), AFTER]);

const good: readonly [bytes: Buffer, peer?: string][] = [
  [binary(0x21, 0x11, V4), '192.0.2.7'],
  [binary(0x21, 0x12, V4), '192.0.2.7'],
  [binary(0x21, 0x11, Buffer.concat([V4, Buffer.from('040003010203', 'hex')])), '192.0.2.7'],
  [binary(0x21, 0x21, V6), '2001:db8:0:0:0:0:0:7'],
  [binary(0x21, 0x31, Buffer.alloc(216, '/'))],
  [binary(0x21, 0x00, Buffer.alloc(0))],
  [binary(0x20, 0x00, Buffer.alloc(0))],
  [binary(0x20, 0x11, V4)],
  [line('PROXY TCP4 192.0.2.7 198.51.100.1 12345 1883\r\n'), '192.0.2.7'],
  [line('PROXY TCP6 2001:db8::7 2001:db8::1 0 65535\r\n'), '2001:db8::7'],
  [line('PROXY UNKNOWN\r\n')],
  [line('PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n')],
];

test('good headers of both versions give the peer and their length, and are incomplete wherever they are cut', () => {
  for (const [bytes, peer] of good) {
    const length = bytes.length - AFTER.length;
    assert.deepEqual(parseProxyHeader(bytes), peer === undefined ? { bytes: length } : { bytes: length, peer }, bytes.toString('latin1'));
    for (let cut = 0; cut < length; cut++) assert.equal(parseProxyHeader(bytes.subarray(0, cut)), 'incomplete', `cut at ${cut}`);
  }
});

test('other bytes are refused', () => {
  const tooLong = binary(0x21, 0x11, Buffer.concat([V4, Buffer.alloc(8192)]));
  const bad: readonly Buffer[] = [
    Buffer.from('101a', 'hex'),
    Buffer.from('GET / HTTP/1.1\r\n'),
    binary(0x11, 0x11, V4),
    binary(0x22, 0x11, V4),
    binary(0x21, 0x13, V4),
    binary(0x21, 0x11, V4.subarray(1)),
    binary(0x21, 0x21, V6.subarray(1)),
    binary(0x21, 0x31, Buffer.alloc(215)),
    tooLong,
    line('PROXY TCP4 192.0.2.7 198.51.100.1 12345\r\n'),
    line('PROXY TCP4 192.0.2.7  198.51.100.1 12345 1\r\n'),
    line('PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n'),
    line('PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n'),
    line('PROXY TCP4 192.0.2.7 198.51.100.1 +1 65536\r\n'),
    line('PROXY UNKNOWN\n'),
    line(`PROXY UNKNOWN ${'x'.repeat(93)}\r\n`),
  ];
  for (const bytes of bad) assert.equal(parseProxyHeader(bytes), 'malformed', bytes.toString('latin1'));
});

test('headers that are written are read', () => {
  assert.deepEqual(parseProxyHeader(proxyHeaderOf('192.0.2.7')), { bytes: 28, peer: '192.0.2.7' });
  assert.deepEqual(parseProxyHeader(proxyHeaderOf('2001:db8::7')), { bytes: 52, peer: '2001:db8:0:0:0:0:0:7' });
  assert.deepEqual(parseProxyHeader(proxyHeaderOf('::ffff:192.0.2.7')), { bytes: 52, peer: '192.0.2.7' });
  assert.deepEqual(parseProxyHeader(proxyHeaderOf('')), { bytes: 16 });
});
