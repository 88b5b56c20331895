import {
  UNIT_ENTRY_AT_BYTES,
  UNIT_ENTRY_AT_DEVICE,
  UNIT_ENTRY_AT_METRIC,
  UNIT_ENTRY_BYTES,
  UNITS_AT_ENTRIES,
  UNITS_OFFSET,
} from '../../assembly/abi/pipeline.js';
import type { UnitReport } from '../contract/unit-report.js';
import type { KernelMemory } from './kernel.js';

const ALIGNMENT = 4;

/** The bytes of all reports since the last call, in the order of their messages; undefined: there are none. */
export function takeUnits(memory: KernelMemory): Uint8Array | undefined {
  const bytes = memory.view.getUint32(UNITS_OFFSET, true);
  if (bytes === 0) return undefined;
  memory.view.setUint32(UNITS_OFFSET, 0, true);
  return memory.slice(UNITS_OFFSET + UNITS_AT_ENTRIES, bytes);
}

export function* readUnits(bytes: Uint8Array): Generator<UnitReport> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const device = view.getUint32(at + UNIT_ENTRY_AT_DEVICE, true);
    const metric = view.getUint32(at + UNIT_ENTRY_AT_METRIC, true);
    const length = view.getUint32(at + UNIT_ENTRY_AT_BYTES, true);
    at += UNIT_ENTRY_BYTES;
    yield { device, metric, unit: Buffer.from(bytes.subarray(at, at + length)).toString() };
    at += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  }
}
