import assert from 'node:assert/strict';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import protobuf from 'protobufjs';
import sparkplug from 'sparkplug-payload';
import 'protobufjs/ext/descriptor/index.js';
import { FORMAT_PROTOBUF, FORMAT_SPARKPLUG } from '../../assembly/abi/block.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { INPUT_OFFSET } from '../../assembly/abi/pipeline.js';
import { encodeContext, type RecordContext } from '../../src/contract/record-context.js';
import { compileProto } from '../../src/control/schemas/compile-proto.js';
import { schemaImage } from '../../src/host/schema-image.js';
import { TestKernel } from '../../test/support/pipeline-kernel.js';
import { bestNs } from './best-of.js';

interface Exports {
  decodeInContextProbe(device: number, format: number, offset: number, bytes: number, receiveUs: number): number;
  decodedCount(): number;
}

interface Figure {
  readonly nsPerMessage: number;
  readonly messages: number;
}

const FIELDS = [1, 3, 20, 200];
const RUN_MS = 60;
const PAYLOADS = 16;
const DEVICE = 7;
const NOW_MS = 1_700_000_000_000;
const RECEIVE_US = (NOW_MS + 100_000) * 1000;
const TYPES = ['double', 'float', 'sint32'];
const METRIC_TYPES = ['Double', 'Float', 'Int32'] as const;

function value(field: number, index: number): number {
  return field % 3 === 2 ? index * 7 + field + 1 : Math.fround(21.5 + field + index / 8);
}

/** Decodes payloads of one context in a kernel that has run `before`, and asserts that it knows their names. */
function inKernel(kernel: TestKernel, format: number, context: RecordContext, payloads: readonly Uint8Array[]): (index: number) => number {
  for (const payload of payloads) kernel.run([{ device: DEVICE, receiveUs: RECEIVE_US, payload, format, context }]);
  const exports = kernel.kernel as unknown as Exports;
  const records = payloads.map((payload) => Buffer.concat([encodeContext(context), payload]));
  const room = Math.max(...records.map(({ length }) => length)) + 64;
  for (const [index, record] of records.entries()) kernel.memory.bytes.set(record, INPUT_OFFSET + index * room);
  return (index) => {
    const code = exports.decodeInContextProbe(DEVICE, format, INPUT_OFFSET + index * room, records[index]?.length ?? 0, RECEIVE_US);
    return code === CODE_NONE ? exports.decodedCount() : Number.NaN;
  };
}

/** Numbers in what a library decoded, as whoever stores them has to visit them. */
function countNumbers(message: object): number {
  let count = 0;
  for (const found of Object.values(message)) if (typeof found === 'number') count++;
  return count;
}

/** Prints a row, and answers the kernel's figure. */
function row(name: string, fields: number, bytes: number, kernelNs: number, libraries: Readonly<Record<string, number>>): number {
  const peers = Object.entries(libraries).map(([peer, ns]) => `${peer} ${ns.toFixed(0)} ns, ${(ns / kernelNs).toFixed(1)}x`);
  const rate = ((bytes / kernelNs) * 1000).toFixed(0);
  console.log(
    `  ${name} ${String(fields).padStart(3)} fields ${kernelNs.toFixed(0).padStart(6)} ns, ${rate.padStart(5)} MB/s; ${peers.join('; ')}`,
  );
  return kernelNs;
}

function measureProtobuf(fields: number, runMs: number): number {
  const body = Array.from({ length: fields }, (_, field) => `${TYPES[field % 3]} metric_${field} = ${field + 1};`).join(' ');
  const text = `syntax = "proto3"; message M { ${body} }`;
  const { root } = protobuf.parse(text, new protobuf.Root(), { keepCase: true });
  root.resolveAll();
  const type = root.lookupType('M');
  const written = (root as unknown as { toDescriptor(edition: string): protobuf.Message }).toDescriptor('proto3');
  const desc = createFileRegistry(fromBinary(FileDescriptorSetSchema, written.$type.encode(written).finish())).getMessage('M');
  assert.ok(desc);
  const payloads = Array.from({ length: PAYLOADS }, (_, index) => {
    return type.encode(Object.fromEntries(Array.from({ length: fields }, (_, field) => [`metric_${field}`, value(field, index)]))).finish();
  });
  const kernel = new TestKernel();
  const plan = { number: 1, mode: 'flexible', fields: [], others: 'read', protobuf: compileProto(text) } as const;
  kernel.laid.lay(new Map([[1, schemaImage(plan, () => undefined)]]));
  const ours = bestNs(inKernel(kernel, FORMAT_PROTOBUF, { profile: 0, schema: 1 }, payloads), PAYLOADS, fields, runMs);
  const peer = (decode: (payload: Uint8Array) => object): number =>
    bestNs((index) => countNumbers(decode(payloads[index] as Uint8Array)), PAYLOADS, fields, runMs);
  return row('protobuf ', fields, payloads[0]?.length ?? 0, ours, {
    protobufjs: peer((payload) => type.decode(payload)),
    '@bufbuild/protobuf': peer((payload) => fromBinary(desc, payload)),
  });
}

function measureSparkplug(fields: number, runMs: number): number {
  const codec = sparkplug.get('spBv1.0');
  assert.ok(codec);
  const payload = (index: number, isBirth: boolean): Uint8Array =>
    codec.encodePayload({
      timestamp: NOW_MS + index,
      seq: index,
      metrics: Array.from({ length: fields }, (_, field) => {
        const type = METRIC_TYPES[field % 3] as (typeof METRIC_TYPES)[number];
        return { alias: field, type, value: value(field, index), ...(isBirth ? { name: `metric_${field}` } : {}) };
      }),
    });
  const kernel = new TestKernel();
  const topic = (type: string): RecordContext => ({ profile: 0, topic: `spBv1.0/plant/${type}/edge` });
  const birth = payload(0, true);
  kernel.run([{ device: DEVICE, receiveUs: RECEIVE_US, payload: birth, format: FORMAT_SPARKPLUG, context: topic('NBIRTH') }]);
  const payloads = Array.from({ length: PAYLOADS }, (_, index) => payload(index + 1, false));
  const ours = bestNs(inKernel(kernel, FORMAT_SPARKPLUG, topic('NDATA'), payloads), PAYLOADS, fields, runMs);
  const library = (index: number): number =>
    (codec.decodePayload(payloads[index] as Uint8Array).metrics ?? []).filter((one) => typeof one.value === 'number').length;
  return row('sparkplug', fields, payloads[0]?.length ?? 0, ours, { 'sparkplug-payload': bestNs(library, PAYLOADS, fields, runMs) });
}

/** Messages by a schema, beside two libraries; answers the figure of three fields. */
export function benchProtobuf(scale = 1): Figure {
  return { nsPerMessage: FIELDS.map((fields) => measureProtobuf(fields, RUN_MS * scale))[1] as number, messages: PAYLOADS };
}

/** Data by alias, beside the library of Eclipse Tahu; answers the figure of three metrics. */
export function benchSparkplug(scale = 1): Figure {
  return { nsPerMessage: FIELDS.map((fields) => measureSparkplug(fields, RUN_MS * scale))[1] as number, messages: PAYLOADS };
}
