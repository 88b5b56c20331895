import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_BY_SHAPE } from '../../assembly/abi/block.js';
import { CODE_JSON_MALFORMED, CODE_NONE } from '../../assembly/abi/codes.js';
import { PROFILE_CHIRPSTACK } from '../../assembly/abi/profiles.js';
import { encodeContext } from '../../src/contract/record-context.js';
import { decodedReadings } from '../support/decoded-readings.js';
import { Random } from '../support/random.js';
import { field } from '../support/sparkplug-payloads.js';
import { FormatDecoder } from './format-decoder.js';

const RECEIVED_MS = Date.UTC(2026, 10, 30, 9, 0, 1);
const TIME = '2026-11-30T09:00:00.012Z';
const RECEIVED = new Date(RECEIVED_MS).toISOString();

/**
 * Written by @chirpstack/chirpstack-api 4.19: frame counter 17, and the object
 * `{temperature: 9.5, soil: {moisture: 33.5, deep: [1, 2.5]}, open: true, mode: "eco", fault: null}`.
 */
const UPLINK = Buffer.from(
  [
    '0a026431120b0890f6b4d80610cec2f1051a2c3a09736f696c2d303030374210303261623030666666653030303030374a0d0a047369746512056e6f727468220830',
    '303138393434302801300538114002520300d6015a87010a0b0a056661756c74120208000a0d0a046d6f646512051a0365636f0a0a0a046f70656e120220010a430a',
    '04736f696c123b2a390a200a0464656570121832160a0911000000000000f03f0a091100000000000004400a150a086d6f6973747572651209110000000000c04040',
    '0a180a0b74656d70657261747572651209110000000000002340',
  ].join(''),
  'hex',
);
/** The same writer: no codec, and frame counter 0. */
const BARE = Buffer.from('0a026432120b0890f6b4d80610cec2f1054002520441413d3d', 'hex');

const context = { profile: PROFILE_CHIRPSTACK, topic: 'application/a/device/02ab00fffe000007/event/up' };
const decode = (payload: Uint8Array, prefix = '') => decodedReadings(payload, RECEIVED_MS, { context: { ...context, prefix } });

const value = (...parts: readonly Buffer[]) => Buffer.concat(parts);
const entry = (name: string, of: Uint8Array) => field(1, value(field(1, name), field(2, of)));
const uplink = (...entries: readonly Buffer[]) => value(field(1, 'id'), field(11, value(...entries)));

test('an uplink in Protobuf has the readings, the time and the names of the one in JSON', () => {
  const readings = { temperature: 9.5, 'soil.moisture': 33.5, 'soil.deep.0': 1, 'soil.deep.1': 2.5, open: 1, mode: 'eco' };
  assert.deepEqual(decode(UPLINK), { [TIME]: readings });
  const prefixed = Object.fromEntries(Object.entries(readings).map(([name, reading]) => [`soil-7.${name}`, reading]));
  assert.deepEqual(decode(UPLINK, 'soil-7.'), { [TIME]: prefixed });
  assert.deepEqual(decode(BARE), {}, 'an uplink without an object is no fault of the device');
  const json = '{"time":"2026-11-30T09:00:00.012345678+00:00","object":{"temperature":9.5}}';
  assert.deepEqual(decode(Buffer.from(`\n${json}`)), { [TIME]: { temperature: 9.5 } });
});

test('values of an object that are not kept cost themselves', () => {
  const nan = Buffer.from('11000000000000f87f', 'hex');
  const one = Buffer.from('11000000000000f03f', 'hex');
  const notUtf8 = field(3, Buffer.from([0xff]));
  assert.deepEqual(decode(uplink(entry('a', nan), entry('b', one), entry('c', notUtf8), entry('d', Buffer.alloc(0)))), {
    [RECEIVED]: { b: 1 },
  });
  assert.deepEqual(decode(uplink(entry('a', value(notUtf8, one)))), { [RECEIVED]: { a: 1 } }, 'the last member of a value counts');
  assert.equal(decode(uplink(entry('a', one), entry('a', one))), 'metric_duplicate');
  let deep: Buffer = one;
  for (let depth = 0; depth < 40; depth++) deep = field(5, entry('a', deep));
  assert.equal(decode(uplink(entry('a', deep))), 'depth_exceeded');
});

test('what is neither JSON nor an uplink is told as before', () => {
  for (const hex of ['', '00', '08ff', '120b0890f6b4d80610cec2f105', 'ffffffff']) {
    assert.equal(decode(Buffer.from(hex, 'hex')), hex === '' ? 'payload_empty' : 'json_malformed', hex);
  }
});

test('an uplink that is cut or changed anywhere never reads past its end', () => {
  const decoder = new FormatDecoder(FORMAT_BY_SHAPE, encodeContext(context));
  const probe = (payload: Uint8Array) => {
    const codes = [0x00, 0xff, 0x0a, 0x7d].map((byte) => decoder.probe(payload, RECEIVED_MS * 1000, Buffer.alloc(64, byte)));
    assert.equal(new Set(codes).size, 1, Buffer.from(payload).toString('hex'));
    return codes[0];
  };
  let malformed = 0;
  for (let length = 1; length < UPLINK.length; length++) if (probe(UPLINK.subarray(0, length)) === CODE_JSON_MALFORMED) malformed++;
  assert.ok(malformed > UPLINK.length / 2);
  const random = new Random();
  for (let round = 0; round < 2000; round++) {
    const changed = Buffer.from(UPLINK);
    changed[random.below(changed.length)] = random.below(256);
    probe(changed);
  }
  assert.equal(probe(UPLINK), CODE_NONE, `seed ${random.seed}`);
});
