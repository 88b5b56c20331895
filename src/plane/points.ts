import {
  POINT_ALIGN_BYTES,
  POINT_AT_DEVICE,
  POINT_AT_KIND,
  POINT_AT_METRIC,
  POINT_AT_RECEIVE_US,
  POINT_AT_TEXT_BYTES,
  POINT_AT_TS_US,
  POINT_AT_VALUE,
  POINT_BYTES,
  POINT_NUMBER,
  POINT_TEXT,
} from '../../assembly/abi/pipeline.js';
import type { KnownPoints, LatestPoint, Point } from '../contract/data-plane.js';

/** Entries as a kernel laid them out: points (POINT_BYTES), each with its text. */
export function readPoints(bytes: Uint8Array): KnownPoints {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const points: LatestPoint[] = [];
  const unheld = new Set<number>();
  for (let at = 0; at < buffer.length; ) {
    const device = buffer.readUInt32LE(at + POINT_AT_DEVICE);
    const metric = buffer.readUInt32LE(at + POINT_AT_METRIC);
    const kind = buffer.readUInt32LE(at + POINT_AT_KIND);
    const textBytes = kind === POINT_TEXT ? buffer.readUInt32LE(at + POINT_AT_TEXT_BYTES) : 0;
    const textAt = at + POINT_BYTES;
    const text = () => (kind === POINT_TEXT ? buffer.toString('utf8', textAt, textAt + textBytes) : undefined);
    if (kind !== POINT_NUMBER && kind !== POINT_TEXT) unheld.add(device);
    if (metric !== 0)
      points.push({
        device,
        metric,
        tsMs: Number(buffer.readBigUInt64LE(at + POINT_AT_TS_US)) / 1000,
        value: kind === POINT_NUMBER ? buffer.readDoubleLE(at + POINT_AT_VALUE) : text(),
        receivedMs: Number(buffer.readBigUInt64LE(at + POINT_AT_RECEIVE_US)) / 1000,
      });
    at = textAt + Math.ceil(textBytes / POINT_ALIGN_BYTES) * POINT_ALIGN_BYTES;
  }
  return { points, unheld: [...unheld] };
}

/** Whether memory has the value. */
export function isHeld(point: LatestPoint): point is Point {
  return point.value !== undefined;
}
