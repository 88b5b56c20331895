import { TrafficReader, TrafficWriter } from '../../contract/broker/traffic.js';
import type { Body } from '../message.js';

/*
 * A record of the exchange is several batches of one process: u32 bytes and the batch, again and again. A batch, little-endian:
 *
 *   u8 version, u8 bytes of the process's id, id, f64 sequence, f64 time of the wall in ms, operations
 *
 *   PUBLISH   u8 kind, u8 QoS << 1 | retain, text tenant, u16 groups, for each: text shared filter, text process; body
 *             The body is that of src/contract/broker/traffic.ts. A group that a process is named for gives the message to one member there.
 *   HELLO     u8 kind: the process began, and has no filters but those behind it
 *   FILTER    u8 kind, u8 1 added or 0 removed, text tenant, text filter: whole, with `$share/{group}/`
 *   DROP      u8 kind, text tenant, text topic: its retained message goes, and no subscriber gets a message
 *
 * A text is u16 bytes and UTF-8.
 */
const VERSION = 1;
const PUBLISH = 1;
const HELLO = 2;
const FILTER = 3;
const DROP = 4;

export interface Relayed {
  readonly tenant: string;
  readonly topic: string;
  readonly body: Body;
  readonly qos: number;
  readonly isRetained: boolean;
  /** The process that gives the message to a member of a shared subscription, by the shared filter. */
  readonly groups: ReadonlyMap<string, string>;
}

export interface BatchHandler {
  publish(message: Relayed): void;
  hello(): void;
  filter(isAdded: boolean, tenant: string, filter: string): void;
  drop(tenant: string, topic: string): void;
}

export interface BatchHead {
  readonly process: string;
  readonly sequence: number;
  readonly atMs: number;
}

export function writeHead(writer: TrafficWriter, { process, sequence, atMs }: BatchHead): void {
  writer.u8(VERSION);
  writer.u8(process.length);
  writer.bytes(Buffer.from(process));
  writer.f64(sequence);
  writer.f64(atMs);
}

export function writePublish(writer: TrafficWriter, { tenant, body, qos, isRetained, groups }: Omit<Relayed, 'topic'>): void {
  writer.u8(PUBLISH);
  writer.u8((qos << 1) | (isRetained ? 1 : 0));
  writeText(writer, tenant);
  writer.u16(groups.size);
  for (const [group, process] of groups) {
    writeText(writer, group);
    writeText(writer, process);
  }
  writer.bytes(body);
}

export function writeHello(writer: TrafficWriter): void {
  writer.u8(HELLO);
}

export function writeFilter(writer: TrafficWriter, isAdded: boolean, tenant: string, filter: string): void {
  writer.u8(FILTER);
  writer.u8(isAdded ? 1 : 0);
  writeText(writer, tenant);
  writeText(writer, filter);
}

export function writeDrop(writer: TrafficWriter, tenant: string, topic: string): void {
  writer.u8(DROP);
  writeText(writer, tenant);
  writeText(writer, topic);
}

/** Several batches as one record. */
export function recordOf(batches: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const writer = new TrafficWriter(batches.reduce((sum, { length }) => sum + 4 + length, 0));
  for (const batch of batches) {
    writer.u32(batch.length);
    writer.bytes(batch);
  }
  return writer.take();
}

export function batchesIn(record: Uint8Array): Uint8Array[] {
  const reader = new TrafficReader(record);
  const batches: Uint8Array[] = [];
  while (!reader.isDone) batches.push(reader.bytes(reader.u32()));
  return batches;
}

/** Undefined: a newer build wrote it. */
export function openBatch(batch: Uint8Array): { readonly head: BatchHead; readonly operations: TrafficReader } | undefined {
  const operations = new TrafficReader(batch);
  if (operations.u8() !== VERSION) return undefined;
  const process = operations.bytes(operations.u8()).toString();
  return { head: { process, sequence: operations.f64(), atMs: operations.f64() }, operations };
}

export function readOperations(reader: TrafficReader, handler: BatchHandler): void {
  while (!reader.isDone) {
    const kind = reader.u8();
    if (kind === PUBLISH) handler.publish(readPublish(reader));
    else if (kind === HELLO) handler.hello();
    else if (kind === FILTER) handler.filter(reader.u8() === 1, readText(reader), readText(reader));
    else if (kind === DROP) handler.drop(readText(reader), readText(reader));
    else throw new Error(`a batch of another process has an operation of kind ${kind}`);
  }
}

function readPublish(reader: TrafficReader): Relayed {
  const flags = reader.u8();
  const tenant = readText(reader);
  const groups = new Map(Array.from({ length: reader.u16() }, () => [readText(reader), readText(reader)]));
  const body = reader.body();
  return { tenant, topic: body.toString('utf8', 2, 2 + body.readUInt16LE(0)), body, qos: flags >> 1, isRetained: (flags & 1) > 0, groups };
}

function writeText(writer: TrafficWriter, text: string): void {
  const bytes = Buffer.from(text);
  writer.u16(bytes.length);
  writer.bytes(bytes);
}

function readText(reader: TrafficReader): string {
  return reader.bytes(reader.u16()).toString();
}
