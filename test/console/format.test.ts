import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { reconnectDelayMs } from '../../src/console/data/backoff.js';
import { formatAge, formatBytes, formatRate, formatSpan, formatValue, shellWord } from '../../src/console/data/format.js';
import { payloadBytes, previewPayload, shownByte } from '../../src/console/data/payload.js';

test('values keep their meaning', () => {
  const cases: [unknown, string][] = [
    [21.5, '21.5'],
    [0.1 + 0.2, '0.3'],
    [100, '100'],
    [1200, '1200'],
    [1234567.8, '1234568'],
    [-0.000012345678, '-0.0000123457'],
    [1e-9, '1e-9'],
    [1.5e300, '1.5e+300'],
    [true, 'true'],
    ['open', 'open'],
    [null, '–'],
    [undefined, '–'],
  ];
  for (const [value, text] of cases) assert.equal(formatValue(value), text);
});

test('ages, spans, rates and sizes', () => {
  assert.deepEqual(
    [0, 1400, 12_000, 119_000, 7_200_000, 200_000_000].map((ms) => formatAge(1e12 - ms, 1e12)),
    ['now', 'now', '12 s ago', '1 min ago', '2 h ago', '2 d ago'],
  );
  assert.equal(formatAge(1e12 + 300_000, 1e12), 'in 5 min');
  assert.equal(formatAge(Number.NaN, 1e12), 'never');
  assert.deepEqual([0, 38.4, 2400, 59_000, 180_000, undefined].map(formatSpan), ['0 ms', '38 ms', '2.4 s', '59 s', '3 min', '–']);
  assert.deepEqual([0, 2.5, 1234567, undefined].map(formatRate), ['0', '2.5', '1,234,567', '–']);
  assert.deepEqual([11, 2048, 3 * 1024 * 1024].map(formatBytes), ['11 B', '2.0 KiB', '3.0 MiB']);
});

test('a shell reads a quoted name as exactly that name', { skip: process.platform === 'win32' ? 'no POSIX shell' : false }, () => {
  for (const name of ['dev-1', "it's", '$(id)', '`id`; rm -rf x', 'a b', '', '"', '\\', '!x', 'ü']) {
    assert.equal(execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(name)}`], { encoding: 'utf8' }), name);
  }
});

test('a payload is text when it is, otherwise a hex dump', () => {
  const preview = (bytes: Buffer, bytesMax = 100, hex = false) => previewPayload(payloadBytes(bytes.toString('base64')), bytesMax, hex);
  assert.deepEqual(preview(Buffer.from('{"a":\t"ü"}\n')), { kind: 'text', text: '{"a":\t"ü"}\n', bytesLeft: 0 });
  assert.deepEqual(preview(Buffer.from('aü'), 2), { kind: 'text', text: 'a', bytesLeft: 1 });
  assert.deepEqual(preview(Buffer.from('ab\u0007c')).kind, 'hex');
  assert.deepEqual(preview(Buffer.from([0xc3])).kind, 'hex');
  assert.deepEqual(preview(Buffer.alloc(0)), { kind: 'empty', text: '', bytesLeft: 0 });
  const dump = preview(Buffer.from('0123456789abcdefXY'), 100, true).text.split('\n');
  assert.equal(dump[0], '000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef');
  assert.match(dump[1]!, /^000010 {2}58 59 +XY$/);
});

test('reconnections spread out and never wait longer than ten seconds', () => {
  assert.equal(reconnectDelayMs(0, 0), 250);
  assert.equal(reconnectDelayMs(1, 0.5), 750);
  for (let attempt = 0; attempt < 2000; attempt++) {
    const delayMs = reconnectDelayMs(attempt, 0.999);
    assert.ok(delayMs >= 250 && delayMs <= 10_000);
  }
});

test('the byte for which a payload is refused is found in its text and in its hex dump', () => {
  const marked = (bytes: Uint8Array, position: number, hex: boolean) => {
    const preview = previewPayload(bytes, 64, hex);
    const range = shownByte(preview, bytes, position);
    return range && preview.text.slice(...range);
  };
  const text = new TextEncoder().encode('{"größe":😀x} and some more');
  assert.deepEqual(
    [7, 11, 12, 14, 15].map((position) => marked(text, position, false)),
    ['ß', '😀', '😀', '😀', 'x'],
  );
  const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
  for (let position = 0; position < 64; position++) {
    assert.equal(marked(bytes, position, true), position.toString(16).padStart(2, '0'));
  }
  assert.equal(marked(bytes, 64, true), undefined, 'it is left out');
  assert.equal(marked(text, text.length, false), undefined, 'the payload ends too soon');
});
