import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_SENML_CBOR, FORMAT_SENML_JSON } from '../../assembly/abi/block.js';
import { readUnits, takeUnits } from '../../src/host/unit-reports.js';
import { bytesOf } from '../cases/binary.js';
import { SparkplugDecoder } from '../decode/sparkplug-decoder.js';
import { TestKernel } from '../support/pipeline-kernel.js';
import { field, metric, payload } from '../support/sparkplug-payloads.js';

const RECEIVED_US = Date.UTC(2026, 10, 30, 9, 0, 1) * 1000;

/** What was stated since the last call: device, name of the metric, unit. */
function unitsOf(kernel: TestKernel): [number, string | undefined, string][] {
  const reports = takeUnits(kernel.memory) ?? new Uint8Array();
  return Array.from(readUnits(reports), ({ device, metric: number, unit }) => [device, kernel.names[number - 1], unit]);
}

class Sender {
  readonly kernel = new TestKernel();
  #at = RECEIVED_US;

  send(pack: unknown, device = 1, format = FORMAT_SENML_JSON): void {
    const bytes = pack instanceof Uint8Array ? pack : Buffer.from(JSON.stringify(pack));
    this.#at += 1_000_000;
    this.kernel.run([{ device, receiveUs: this.#at, format, payload: bytes }]);
  }

  get units() {
    return unitsOf(this.kernel);
  }
}

test('units of SenML are those of its records, the base unit of those that name none, and no unit of texts, truths and sums', () => {
  const sender = new Sender();
  sender.send([
    { bu: 'A', n: 'i', v: 1 },
    { n: 'temperature', u: 'Cel', v: 21 },
    { n: 'mode', u: 'x', vs: 'eco' },
    { n: 'door', vb: true },
    { n: 'j', v: 2, s: 5 },
    { n: 'plain', u: '', v: 2 },
  ]);
  assert.deepEqual(sender.units, [
    [1, 'i', 'A'],
    [1, 'temperature', 'Cel'],
    [1, 'j', 'A'],
  ]);
  sender.send(bytesOf('81a3006176016343656c02187b'), 2, FORMAT_SENML_CBOR);
  assert.deepEqual(sender.units, [[2, 'v', 'Cel']]);
});

test('a unit is reported once for each device and metric, and again when it changes', () => {
  const sender = new Sender();
  const pack = (unit: string) => [{ n: 'v', u: unit, v: Math.random() }];
  for (const unit of ['Cel', 'Cel', 'K', 'K']) sender.send(pack(unit));
  sender.send(pack('Cel'), 2);
  assert.deepEqual(sender.units, [
    [1, 'v', 'Cel'],
    [1, 'v', 'K'],
    [2, 'v', 'Cel'],
  ]);
  sender.send(pack('°C'));
  sender.send(pack('x'.repeat(65)));
  assert.deepEqual(sender.units, [[1, 'v', '°C']]);
});

test('a message that is refused states nothing, nor does it for the next one', () => {
  const sender = new Sender();
  sender.send([
    { n: 'v', u: 'Cel', v: 1 },
    { n: 'w', v: 1, vs: 'x' },
  ]);
  sender.send({ v: 1 }, 1, 0);
  assert.deepEqual(sender.units, []);
});

test('a message of Sparkplug states the engineering units among the properties of its metrics', () => {
  const decoder = new SparkplugDecoder();
  const text = (value: string) => field(2, Buffer.concat([field(1, 12), field(8, value)]));
  const number = field(2, Buffer.concat([field(1, 3), field(3, 7)]));
  const properties = (...keys: readonly [string, Buffer][]) =>
    field(9, Buffer.concat([...keys.map(([key]) => field(1, key)), ...keys.map(([, value]) => value)]));
  const reading = (name: string, ...more: readonly Buffer[]) => metric(field(1, name), field(4, 3), ...more, field(10, 1));
  decoder.send(
    'spBv1.0/g/DBIRTH/edge/pump',
    payload(
      1,
      reading('t', properties(['Quality', number], ['engUnit', text('Cel')])),
      reading('p', properties(['engUnit', text('kPa')], ['engHigh', number])),
      reading('n', properties(['engUnit', number])),
      reading('cut', field(9, Buffer.from([0x0a, 0x07, 0x65]))),
      reading('none'),
    ),
  );
  const units = unitsOf(decoder.kernel).map(([, name, unit]) => [name, unit]);
  assert.deepEqual(units, [
    ['t', 'Cel'],
    ['p', 'kPa'],
  ]);
});
