import {
  FLAG_DUP,
  FLAG_QOS_MASK,
  FLAG_TRANSPORT_COAP,
  FLAG_TRANSPORT_HTTP,
  FLAG_TRANSPORT_MASK,
  RECORD_AT_CONTEXT,
  RECORD_AT_DEVICE,
  RECORD_AT_FLAGS,
  RECORD_AT_FORMAT,
  RECORD_AT_PAYLOAD_BYTES,
  RECORD_AT_RECEIVE_US,
  RECORD_CONTEXT,
  RECORD_HEADER_BYTES,
} from '../../assembly/abi/block.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import {
  CAPTURE_AT_BYTES,
  CAPTURE_AT_READINGS,
  CAPTURE_AT_RECORD_BYTES,
  CAPTURE_AT_VERDICT,
  CAPTURE_DUPLICATE,
  CAPTURE_HEADER_BYTES,
  POINT_ALIGN_BYTES,
} from '../../assembly/abi/pipeline.js';
import type { CapturedMessage } from '../contract/captures.js';
import { decodeContext, type RecordContext } from '../contract/record-context.js';
import { isHeld, readPoints } from './points.js';

/** Entries as a kernel laid them out (CAPTURE_AT_…). */
export function readCaptures(bytes: Uint8Array): CapturedMessage[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: CapturedMessage[] = [];
  for (let at = 0; at < buffer.length; at += buffer.readUInt32LE(at + CAPTURE_AT_BYTES)) messages.push(readCapture(buffer, at));
  return messages;
}

function readCapture(buffer: Buffer, at: number): CapturedMessage {
  const recordAt = at + CAPTURE_HEADER_BYTES;
  const kept = buffer.readUInt32LE(at + CAPTURE_AT_RECORD_BYTES);
  const pointsAt = recordAt + Math.ceil(kept / POINT_ALIGN_BYTES) * POINT_ALIGN_BYTES;
  const points = buffer.subarray(pointsAt, at + buffer.readUInt32LE(at + CAPTURE_AT_BYTES));
  const record = buffer.subarray(recordAt, recordAt + kept);
  const flags = record[RECORD_AT_FLAGS] as number;
  const { context, contextBytes } = contextOf(record);
  const code = buffer.readUInt32LE(at + CAPTURE_AT_VERDICT);
  return {
    device: record.readUInt32LE(RECORD_AT_DEVICE),
    receivedMs: Number(record.readBigUInt64LE(RECORD_AT_RECEIVE_US)) / 1000,
    transport: transportOf(flags),
    qos: flags & FLAG_QOS_MASK,
    isAgain: (flags & FLAG_DUP) !== 0,
    format: record[RECORD_AT_FORMAT] as number,
    context,
    payload: record.subarray(RECORD_HEADER_BYTES + contextBytes),
    payloadBytes: record.readUInt32LE(RECORD_AT_PAYLOAD_BYTES) - contextBytes,
    verdict: code === CODE_NONE ? 'stored' : code === CAPTURE_DUPLICATE ? 'duplicate' : { code },
    readings: readPoints(points)
      .points.filter(isHeld)
      .map(({ metric, tsMs, value }) => ({ metric, tsMs, value })),
    readingsTotal: buffer.readUInt32LE(at + CAPTURE_AT_READINGS),
  };
}

/** What cannot be read as a context counts as part of the payload. */
function contextOf(record: Buffer): { context: RecordContext | undefined; contextBytes: number } {
  const none = { context: undefined, contextBytes: 0 };
  if ((record[RECORD_AT_CONTEXT]! & RECORD_CONTEXT) === 0 || record.length < RECORD_HEADER_BYTES + 2) return none;
  const contextBytes = record.readUInt16LE(RECORD_HEADER_BYTES);
  const context = decodeContext(record.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + contextBytes));
  return context ? { context, contextBytes } : none;
}

function transportOf(flags: number): CapturedMessage['transport'] {
  const transport = flags & FLAG_TRANSPORT_MASK;
  return transport === FLAG_TRANSPORT_HTTP ? 'http' : transport === FLAG_TRANSPORT_COAP ? 'coap' : 'mqtt';
}
