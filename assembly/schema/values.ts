import {
  CODE_FIELD_OUT_OF_RANGE,
  CODE_FIELD_TYPE_INVALID,
  CODE_METRIC_UNKNOWN,
  CODE_NONE,
  CODE_NUMBER_OUT_OF_RANGE,
} from '../abi/codes';
import { TEXT_BYTES_MAX } from '../abi/limits';
import { DECODED_AT_KIND, DECODED_AT_TEXT_BYTES, DECODED_AT_TEXT_OFFSET, DECODED_AT_VALUE, DECODED_NUMBER } from '../abi/pipeline';
import {
  FIELD_ANY,
  FIELD_AT_DIVISOR,
  FIELD_AT_MAX,
  FIELD_AT_MIN,
  FIELD_AT_OFFSET,
  FIELD_AT_OUTSIDE,
  FIELD_AT_SCALE,
  FIELD_AT_TARGET,
  FIELD_AT_TYPE,
  FIELD_BOOLEAN,
  FIELD_INTEGER,
  FIELD_RANGED,
  FIELD_READS_TEXT,
  FIELD_SCALED,
  FIELD_TEXT,
  OUTSIDE_CLAMP,
  OUTSIDE_REJECT,
} from '../abi/schemas';
import { decimalToDouble } from '../decode/double';
import { readDecimal } from '../decode/number';

// What a field makes of one value.

/** The value of the reading that was judged last; NaN: it is a text. */
export let judgedNumber: f64 = NaN;
/** Values of the message that were set to an end of their range, and that lie outside of it and stay as they are. */
export let clamped: u32 = 0;
export let flagged: u32 = 0;

/** A number within a text is copied before a byte that ends it; sixteen bytes are read at a time. */
const digits = memory.data(TEXT_BYTES_MAX + 32, 16);
const END: u8 = 0x7d;

export function clearValues(): void {
  clamped = 0;
  flagged = 0;
}

/** Reads the reading at `at` as the field has it, into judgedNumber; answers CODE_NONE or its fault. */
export function judge(field: usize, flags: u32, at: usize): u32 {
  const type = <u32>load<u8>(field, FIELD_AT_TYPE);
  // Its name was denied a number.
  if (load<u32>(field, FIELD_AT_TARGET) == 0) return CODE_METRIC_UNKNOWN;
  if (load<u32>(at, DECODED_AT_KIND) == DECODED_NUMBER) {
    if (type == FIELD_TEXT) return CODE_FIELD_TYPE_INVALID;
    return judgeNumber(field, flags, type, load<f64>(at, DECODED_AT_VALUE));
  }
  if ((flags & FIELD_READS_TEXT) != 0 && readNumber(load<u32>(at, DECODED_AT_TEXT_OFFSET), load<u32>(at, DECODED_AT_TEXT_BYTES))) {
    return judgeNumber(field, flags, type, decimalToDouble());
  }
  judgedNumber = NaN;
  return type == FIELD_TEXT || type == FIELD_ANY ? CODE_NONE : CODE_FIELD_TYPE_INVALID;
}

/** Whether a text is a number as JSON writes one, and nothing else. */
function readNumber(text: usize, bytes: u32): bool {
  if (bytes == 0) return false;
  memory.copy(digits, text, bytes);
  store<u8>(digits + bytes, END);
  return readDecimal(digits, digits + bytes + 1) == digits + bytes;
}

function judgeNumber(field: usize, flags: u32, type: u32, value: f64): u32 {
  if (type == FIELD_INTEGER && value != trunc(value)) return CODE_FIELD_TYPE_INVALID;
  if (type == FIELD_BOOLEAN && value != 0 && value != 1) return CODE_FIELD_TYPE_INVALID;
  if ((flags & FIELD_SCALED) != 0) {
    value = (value * load<f64>(field, FIELD_AT_SCALE) + load<f64>(field, FIELD_AT_OFFSET)) / load<f64>(field, FIELD_AT_DIVISOR);
  }
  if (!(abs(value) < Infinity)) return CODE_NUMBER_OUT_OF_RANGE;
  if ((flags & FIELD_RANGED) != 0) {
    const nearest = max(min(value, load<f64>(field, FIELD_AT_MAX)), load<f64>(field, FIELD_AT_MIN));
    if (nearest != value) {
      const outside = <u32>load<u8>(field, FIELD_AT_OUTSIDE);
      if (outside == OUTSIDE_REJECT) return CODE_FIELD_OUT_OF_RANGE;
      if (outside == OUTSIDE_CLAMP) {
        value = nearest;
        clamped++;
      } else {
        flagged++;
      }
    }
  }
  judgedNumber = value;
  return CODE_NONE;
}
