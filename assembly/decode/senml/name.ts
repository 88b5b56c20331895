import { CODE_METRIC_NAME_INVALID, CODE_SENML_DEVICES_MIXED } from '../../abi/codes';
import { METRIC_NAME_BYTES_MAX } from '../../abi/limits';
import { prefixAt, prefixBytes, valueNameAt, valueNameBytes } from '../context';
import { sameName } from '../metrics';
import { beginPath, enterMember } from '../path';
import { refuse } from '../verdict';

// The name of a record is its base name and its own name, one after the other. A base name that is the URN of a device says whose
// record it is, and is not part of the metric's name: the connection has said the same. RFC 8428 §4.5.1, RFC 9039 §4.

const NAME_BYTES_MAX: u32 = METRIC_NAME_BYTES_MAX * 2;
/** Names are compared sixteen bytes at a time. */
const name = memory.data(NAME_BYTES_MAX * 2 + 16, 8);
const device = memory.data(NAME_BYTES_MAX * 2 + 16, 8);
let baseBytes: u32 = 0;
let nameBytes: u32 = 0;
/** 0: no record named a device yet. */
let deviceBytes: u32 = 0;

const COLON: u32 = 0x3a;
const SLASH: u32 = 0x2f;
const UNDERSCORE: u32 = 0x5f;
/** `urn:dev:` and `urn:uuid`, little-endian. */
const URN_DEV: u64 = 0x3a7665643a6e7275;
const URN_UUID: u64 = 0x646975753a6e7275;
const URN_BYTES: u32 = 8;

export function beginNames(): void {
  baseBytes = 0;
  nameBytes = 0;
  deviceBytes = 0;
}

export function takeBaseName(at: usize, bytes: u32): bool {
  if (bytes > NAME_BYTES_MAX) return refuse(CODE_METRIC_NAME_INVALID) != 0;
  // The record's own name may have come first.
  memory.copy(name + bytes, name + baseBytes, nameBytes);
  memory.copy(name, at, bytes);
  baseBytes = bytes;
  return true;
}

export function takeName(at: usize, bytes: u32): bool {
  if (bytes > NAME_BYTES_MAX) return refuse(CODE_METRIC_NAME_INVALID) != 0;
  memory.copy(name + baseBytes, at, bytes);
  nameBytes = bytes;
  return true;
}

/** Makes the record's name the path. False: the pack speaks of several devices, whose readings would be taken for those of one. */
export function enterName(): bool {
  const bytes = baseBytes + nameBytes;
  const ofDevice = bytesOfDevice(bytes);
  if (ofDevice != 0) {
    if (deviceBytes == 0) {
      memory.copy(device, name, ofDevice);
      deviceBytes = ofDevice;
    } else if (deviceBytes != ofDevice || !sameName(device, name, ofDevice)) {
      return refuse(CODE_SENML_DEVICES_MIXED) != 0;
    }
  }
  // What sets the rest of the name apart is no part of it.
  const from = ofDevice != 0 && ofDevice < bytes ? ofDevice + 1 : ofDevice;
  beginPath(prefixAt, prefixBytes);
  if (from == bytes) enterMember(valueNameAt, valueNameBytes, true);
  else enterMember(name + from, bytes - from, true);
  return true;
}

/** How much of the name is the URN of a device; 0: nothing. */
function bytesOfDevice(bytes: u32): u32 {
  if (bytes <= URN_BYTES) return 0;
  const start = load<u64>(name);
  let at = URN_BYTES;
  if (start == URN_DEV) {
    // The kind of number comes first: mac, ow, org, os, ops.
    while (at < bytes && <u32>load<u8>(name + at) != COLON) at++;
    at++;
  } else if (start == URN_UUID && <u32>load<u8>(name + at) == COLON) {
    at++;
  } else {
    return 0;
  }
  for (; at < bytes; at++) {
    const byte: u32 = load<u8>(name + at);
    if (byte == COLON || byte == SLASH || byte == UNDERSCORE) break;
  }
  return min(at, bytes);
}
