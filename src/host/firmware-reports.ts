import {
  FIRMWARE_AT_ENTRIES,
  FIRMWARE_ENTRY_AT_BYTES,
  FIRMWARE_ENTRY_BYTES,
  FIRMWARE_IS_NUMBER,
  FIRMWARE_OFFSET,
} from '../../assembly/abi/pipeline.js';
import type { KernelMemory } from './kernel.js';

const ALIGNMENT = 8;

/** A device by its number, and the version of the firmware that it says it has. */
export interface FirmwareReport {
  readonly device: number;
  readonly version: string;
}

/** The bytes of all reports since the last call, in the order of their messages; undefined: there are none. */
export function takeFirmware(memory: KernelMemory): Uint8Array | undefined {
  const bytes = memory.view.getUint32(FIRMWARE_OFFSET, true);
  if (bytes === 0) return undefined;
  memory.view.setUint32(FIRMWARE_OFFSET, 0, true);
  return memory.slice(FIRMWARE_OFFSET + FIRMWARE_AT_ENTRIES, bytes);
}

export function* readFirmware(bytes: Uint8Array): Generator<FirmwareReport> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const device = view.getUint32(at, true);
    const length = view.getUint32(at + FIRMWARE_ENTRY_AT_BYTES, true);
    at += FIRMWARE_ENTRY_BYTES;
    if (length === FIRMWARE_IS_NUMBER) {
      yield { device, version: String(view.getFloat64(at, true)) };
      at += ALIGNMENT;
    } else {
      yield { device, version: Buffer.from(bytes.subarray(at, at + length)).toString() };
      at += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    }
  }
}
