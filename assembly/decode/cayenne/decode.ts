import {
  CODE_CAYENNE_MALFORMED,
  CODE_CAYENNE_TYPE_UNKNOWN,
  CODE_METRIC_DUPLICATE,
  CODE_NONE,
  CODE_PAYLOAD_EMPTY,
  CODE_PAYLOAD_OVERSIZE,
} from '../../abi/codes';
import { PAYLOAD_BYTES_MAX } from '../../abi/limits';
import { prefixAt, prefixBytes } from '../context';
import { beginPath, enterAscii, enterElement, resolvePath } from '../path';
import { beginSamples, endSamples, giveUp, hasRoomForReading, putNumber, receivedUs, skipReading, takeTs } from '../sink';
import { acceptSeconds } from '../time';
import { failure, reach, refuse } from '../verdict';
import { axisName, divisorOf, findType, TYPE_TIME, typeAxes, typeBytes, typeDivisor, typeIsSigned, typeName } from './data-types';

// Cayenne Low Power Payload: values one after the other, each a channel, a type and numbers. A metric is named as The Things Stack
// names it: the type and the channel, `temperature_1`, with an axis where there are several, `accelerometer_6.x`.

/** Decodes one payload into the sink; answers CODE_NONE or why it is refused. */
export function decodeCayenne(at: usize, bytes: u32, receiveUs: u64): u32 {
  beginSamples(receiveUs);
  if (bytes > PAYLOAD_BYTES_MAX) return CODE_PAYLOAD_OVERSIZE;
  if (bytes == 0) return CODE_PAYLOAD_EMPTY;
  const end = at + bytes;
  while (at < end) {
    const next = readValue(at, end);
    if (next != 0) {
      at = next;
      continue;
    }
    if (failure != CODE_CAYENNE_TYPE_UNKNOWN) return giveUp();
    // How long a value is follows from its type alone: the values before it are whole, those after it cannot be found.
    skipReading();
    break;
  }
  return endSamples(false) ? CODE_NONE : giveUp();
}

function readValue(at: usize, end: usize): usize {
  reach(at);
  if (at + 2 > end) return refuse(CODE_CAYENNE_MALFORMED);
  const channel: u32 = load<u8>(at);
  if (!findType(load<u8>(at, 1))) return refuse(CODE_CAYENNE_TYPE_UNKNOWN);
  at += 2;
  if (at + typeBytes * typeAxes > end) return refuse(CODE_CAYENNE_MALFORMED);
  if (typeDivisor == TYPE_TIME) {
    if (acceptSeconds(bigEndian(at, typeBytes), receivedUs)) takeTs();
    else skipReading();
    return at + typeBytes;
  }
  for (let axis: u32 = 0; axis < typeAxes; axis++) {
    if (!readAxis(at, channel, axis)) return 0;
    at += typeBytes;
  }
  return at;
}

/** Reads one number of a value as a reading; false: the message is refused. */
function readAxis(at: usize, channel: u32, axis: u32): bool {
  if (!hasRoomForReading()) return false;
  beginPath(prefixAt, prefixBytes);
  enterAscii(typeName);
  enterAscii('_');
  enterElement(channel, true);
  const name = axisName(axis);
  if (name != '') {
    enterAscii('.');
    enterAscii(name);
  }
  const metric = resolvePath();
  if (metric == 0) {
    if (failure == CODE_METRIC_DUPLICATE) return false;
    skipReading();
    return true;
  }
  const raw = bigEndian(at, typeBytes);
  const unused: u64 = 64 - typeBytes * 8;
  const whole = typeIsSigned ? <f64>(<i64>(raw << unused) >> unused) : <f64>raw;
  // Divided, not multiplied: 215 / 10 is the double that 21.5 is written for, 215 * 0.1 is not.
  putNumber(metric, whole / <f64>divisorOf(axis));
  return true;
}

/** A number of one to four bytes, most significant first. */
function bigEndian(at: usize, bytes: u32): u64 {
  let value: u64 = 0;
  for (let i: u32 = 0; i < bytes; i++) value = (value << 8) | <u64>load<u8>(at + i);
  return value;
}
