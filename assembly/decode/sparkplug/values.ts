import { CODE_METRIC_DUPLICATE, CODE_METRIC_VALUE_INVALID, CODE_SPARKPLUG_TYPE_UNKNOWN } from '../../abi/codes';
import {
  TYPE_BOOLEAN,
  TYPE_DATETIME,
  TYPE_DATETIME_ARRAY,
  TYPE_DOUBLE,
  TYPE_FLOAT,
  TYPE_INT16,
  TYPE_INT32,
  TYPE_INT64,
  TYPE_INT8,
  TYPE_STRING,
  TYPE_TEXT,
  TYPE_UINT16,
  TYPE_UINT32,
  TYPE_UINT64,
  TYPE_UINT8,
  TYPE_UUID,
} from '../../abi/sparkplug';
import { wholeToDouble } from '../double';
import { resolvePath } from '../path';
import { putFinite, putString } from '../protobuf/values';
import { hasRoomForReading, skipReading } from '../sink';
import { failure, refuse } from '../verdict';
import { datatype, VALUE_BOOLEAN, VALUE_DOUBLE, VALUE_FLOAT, VALUE_INT, VALUE_LONG, VALUE_STRING, valueAt, valueEnd, valueField, valueWord } from './metric';

// Values of one number or one text, by datatype: Sparkplug 3.0 §6.4.16.

/** Makes the value of metric.ts the next reading of the metric. False: it cannot be kept. */
@inline
export function putValue(metric: u32): bool {
  const field = valueField;
  if (field == VALUE_FLOAT) return putFinite(metric, <f64>reinterpret<f32>(<u32>valueWord));
  if (field == VALUE_DOUBLE) return putFinite(metric, reinterpret<f64>(valueWord));
  if (field == VALUE_BOOLEAN) return putFinite(metric, valueWord != 0 ? 1 : 0);
  if (field == VALUE_STRING) return isTextual() ? putString(metric, valueAt, <u32>(valueEnd - valueAt)) : refuse(CODE_METRIC_VALUE_INVALID) != 0;
  if (field == VALUE_INT || field == VALUE_LONG) return putWhole(metric, datatype, field == VALUE_INT ? <u64><u32>valueWord : valueWord);
  return refuse(CODE_METRIC_VALUE_INVALID) != 0;
}

@inline
function isTextual(): bool {
  return datatype == TYPE_STRING || datatype == TYPE_TEXT || datatype == TYPE_UUID || datatype == 0;
}

/**
 * A whole number in either field: of those of 32 bits and fewer the low bits count, with the sign that the datatype gives them, as
 * encoders extend them differently.
 */
export function putWhole(metric: u32, type: u32, value: u64): bool {
  switch (type) {
    case TYPE_INT8:
      return putFinite(metric, <f64><i8>value);
    case TYPE_INT16:
      return putFinite(metric, <f64><i16>value);
    case TYPE_INT32:
      return putFinite(metric, <f64><i32>value);
    case TYPE_INT64:
      return putFinite(metric, wholeToDouble(<u64>abs(<i64>value), <i64>value < 0));
    case TYPE_UINT8:
      return putFinite(metric, <f64><u8>value);
    case TYPE_UINT16:
      return putFinite(metric, <f64><u16>value);
    case TYPE_UINT32:
      return putFinite(metric, <f64><u32>value);
    case TYPE_UINT64:
    case TYPE_DATETIME:
      return putFinite(metric, wholeToDouble(value, false));
    case TYPE_BOOLEAN:
      return putFinite(metric, value != 0 ? 1 : 0);
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
      return putFinite(metric, wholeToDouble(value, false));
    default:
      return putUntyped(metric, type, value);
  }
}

/** Without its datatype a number has no sign: one that could be negative is not guessed. */
function putUntyped(metric: u32, type: u32, value: u64): bool {
  if (type != 0) return refuse(type > TYPE_DATETIME_ARRAY ? CODE_SPARKPLUG_TYPE_UNKNOWN : CODE_METRIC_VALUE_INVALID) != 0;
  const largest = valueField == VALUE_INT ? <u64>i32.MAX_VALUE : <u64>i64.MAX_VALUE;
  return value <= largest ? putFinite(metric, wholeToDouble(value, false)) : refuse(CODE_SPARKPLUG_TYPE_UNKNOWN) != 0;
}

/** Makes the value the next reading of the metric that the path names. A value that cannot be kept costs itself. False: there is no room. */
export function putUnderPath(): bool {
  if (!hasRoomForReading()) return false;
  const metric = resolvePath();
  if (metric == 0 || !putValue(metric)) skipReading();
  return true;
}

/** Whether the name that was refused last was so because it is there twice. */
@inline
export function wasDuplicate(): bool {
  return failure == CODE_METRIC_DUPLICATE;
}
