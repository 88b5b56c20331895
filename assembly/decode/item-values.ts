import { CODE_METRIC_DUPLICATE, CODE_NUMBER_OUT_OF_RANGE, CODE_SEQ_MALFORMED, CODE_TS_MALFORMED } from '../abi/codes';
import { decimalToDouble, wholeToDouble } from './double';
import {
  ITEM_BOOLEAN,
  ITEM_DECIMAL,
  ITEM_DOUBLE,
  ITEM_NULL,
  ITEM_OPAQUE,
  ITEM_TEXT,
  ITEM_TIME,
  ITEM_WHOLE,
  itemAt,
  itemCode,
  itemDouble,
  itemIsPlain,
  itemKind,
  itemNegative,
  itemUs,
  itemWord,
} from './item';
import { resolveMetric } from './metrics';
import { resolvePath } from './path';
import { hasRoomForReading, putNull, putNumber, putText, receivedUs, SEQ_MAX, skipReading, takeSeq, takeTs, takeZoneless, textRoom } from './sink';
import { acceptDecimalTime, acceptDoubleTime, acceptTextTime, acceptUs, acceptWholeTime } from './time';
import { failure, refuse } from './verdict';

// What the item that was read last is to the sink, when it is neither an array nor a map.

const QUOTE: u8 = 0x22;

/** Makes it the next reading, of the metric that the path names. False: the message is refused. */
export function putUnderPath(): bool {
  return isQuiet() || putUnder(hasRoomForReading() ? resolvePath() : 0);
}

/** The same, of the metric with this name. */
@inline
export function putUnderName(at: usize, bytes: u32): bool {
  return isQuiet() || putUnder(hasRoomForReading() ? resolveMetric(at, bytes) : 0);
}

/** Whether it is no reading whatever its name is, which then is not resolved. */
@inline
function isQuiet(): bool {
  if (itemKind == ITEM_NULL) {
    putNull();
    return true;
  }
  if (itemKind != ITEM_OPAQUE) return false;
  refuse(itemCode);
  skipReading();
  return true;
}

/** `metric` is 0 if its name was refused: one that is there twice costs the message, any other itself. */
@inline
function putUnder(metric: u32): bool {
  if (metric == 0) {
    if (failure == CODE_METRIC_DUPLICATE || !hasRoomForReading()) return false;
    skipReading();
  } else if (!putItem(metric)) {
    skipReading();
  }
  return true;
}

@inline
function putItem(metric: u32): bool {
  const kind = itemKind;
  if (kind == ITEM_TEXT) return putText(metric, itemAt, <u32>itemWord, !itemIsPlain);
  const value = itemValue();
  // NaN has no place in JSON either.
  return value == value ? putNumber(metric, value) : refuse(CODE_NUMBER_OUT_OF_RANGE) != 0;
}

/** The value of the item as a number; NaN where it has none. */
@inline
export function itemValue(): f64 {
  if (itemKind == ITEM_DOUBLE) return itemDouble;
  if (itemKind == ITEM_WHOLE) return wholeToDouble(itemWord, itemNegative);
  return otherValue();
}

function otherValue(): f64 {
  if (itemKind == ITEM_BOOLEAN) return <f64>itemWord;
  if (itemKind == ITEM_DECIMAL) return decimalToDouble();
  return itemKind == ITEM_TIME ? itemDouble : NaN;
}

/** Takes it as the time of the sample; null is none, and a text without a zone is that of no moment. */
export function takeItemAsTs(): bool {
  if (itemKind == ITEM_NULL) return true;
  if (acceptItemTime()) {
    takeTs();
    return true;
  }
  return itemKind == ITEM_TEXT && failure == CODE_TS_MALFORMED && takeZoneless(itemAt, <u32>itemWord);
}

function acceptItemTime(): bool {
  const kind = itemKind;
  if (kind == ITEM_WHOLE) return acceptWholeTime(itemWord, itemNegative, receivedUs);
  if (kind == ITEM_DOUBLE) return acceptDoubleTime(itemDouble, receivedUs);
  if (kind == ITEM_TIME) return acceptUs(itemUs, receivedUs);
  if (kind == ITEM_DECIMAL) return acceptDecimalTime(receivedUs);
  return kind == ITEM_TEXT ? acceptItemText() : refuse(CODE_TS_MALFORMED) != 0;
}

/** What is after a text could continue a number, so it is read from a copy. */
function acceptItemText(): bool {
  const bytes = <u32>itemWord;
  if (itemAt != textRoom) memory.copy(textRoom, itemAt, bytes);
  store<u8>(textRoom + bytes, QUOTE);
  return acceptTextTime(textRoom, bytes, receivedUs);
}

/** Takes it as the sequence number of the sample, however the whole number is written; null is none. */
export function takeItemAsSeq(): bool {
  const kind = itemKind;
  if (kind == ITEM_NULL) return true;
  if (kind == ITEM_WHOLE && !itemNegative) return takeSeq(itemWord);
  if (kind == ITEM_DOUBLE || kind == ITEM_DECIMAL) {
    const value = itemValue();
    if (value >= 0 && value <= <f64>SEQ_MAX && value == trunc(value)) return takeSeq(<u64>value);
  }
  return refuse(CODE_SEQ_MALFORMED) != 0;
}
