import {
  DECODED_AT_KIND,
  DECODED_AT_METRIC,
  DECODED_AT_TEXT_BYTES,
  DECODED_AT_TEXT_OFFSET,
  DECODED_AT_VALUE,
  DECODED_NUMBER,
  DECODED_READING_BYTES,
  FIRMWARE_AT_ENTRIES,
  FIRMWARE_BYTES,
  FIRMWARE_ENTRY_AT_BYTES,
  FIRMWARE_ENTRY_BYTES,
  FIRMWARE_HASHES_OFFSET,
  FIRMWARE_IS_NUMBER,
  FIRMWARE_OFFSET,
  FIRMWARE_TEXT_BYTES_MAX,
} from '../abi/pipeline';
import { SCHEMA_AT_FIRMWARE } from '../abi/schemas';
import { STATE_DEVICE_BYTES, STATE_DEVICES_OFFSET } from '../abi/state';
import { laid } from '../decode/laid-schema';
import { xxh64 } from '../memory';
import { DEVICE_AT_NEWEST_US } from '../series/devices';

// Tells the host of the firmware of devices whose schema says which metric has its version: each version once, until another comes. What was
// told is not part of the state: after a restart the host hears of each device once more, as it may have missed the last report.

/** Looks for the version among the decoded readings of a sample of the device's state `device`, before the sample is stored. */
export function noteFirmware(device: usize, number: u32, eventUs: u64, from: usize, to: usize): void {
  const metric = load<u32>(laid, SCHEMA_AT_FIRMWARE);
  // What a device sends late says nothing of the firmware that it has by now.
  if (metric == 0 || eventUs < load<u64>(device, DEVICE_AT_NEWEST_US)) return;
  for (let at = from; at < to; at += DECODED_READING_BYTES) {
    if (load<u32>(at, DECODED_AT_METRIC) == metric) {
      report(device, number, at);
      return;
    }
  }
}

function report(device: usize, number: u32, at: usize): void {
  const isNumber = load<u32>(at, DECODED_AT_KIND) == DECODED_NUMBER;
  const text = <usize>load<u32>(at, DECODED_AT_TEXT_OFFSET);
  const bytes: u32 = isNumber ? 0 : load<u32>(at, DECODED_AT_TEXT_BYTES);
  if (bytes > FIRMWARE_TEXT_BYTES_MAX || (bytes == 0 && !isNumber)) return;
  const hash = isNumber ? xxh64(at + DECODED_AT_VALUE, 8) : xxh64(text, bytes);
  const known = <usize>(FIRMWARE_HASHES_OFFSET + (<u32>(device - STATE_DEVICES_OFFSET) / STATE_DEVICE_BYTES) * 8);
  if (load<u64>(known) == hash) return;
  const room: u32 = isNumber ? 8 : (bytes + 7) & ~7;
  const used = load<u32>(FIRMWARE_OFFSET);
  // Without room the device's next message reports it.
  if (used + FIRMWARE_ENTRY_BYTES + room > FIRMWARE_BYTES - FIRMWARE_AT_ENTRIES) return;
  const entry = <usize>(FIRMWARE_OFFSET + FIRMWARE_AT_ENTRIES + used);
  store<u32>(entry, number);
  store<u32>(entry, isNumber ? FIRMWARE_IS_NUMBER : bytes, FIRMWARE_ENTRY_AT_BYTES);
  if (isNumber) store<f64>(entry, load<f64>(at, DECODED_AT_VALUE), FIRMWARE_ENTRY_BYTES);
  else memory.copy(entry + FIRMWARE_ENTRY_BYTES, text, bytes);
  store<u32>(FIRMWARE_OFFSET, used + FIRMWARE_ENTRY_BYTES + room);
  store<u64>(known, hash);
}
