import {
  CODEC_ANSWER_AT_CODE,
  CODEC_ANSWER_AT_ITEMS,
  CODEC_ANSWER_AT_ITEMS_BYTES,
  CODEC_ITEM_AT_KIND,
  CODEC_ITEM_AT_NAME_BYTES,
  CODEC_ITEM_AT_TEXT_BYTES,
  CODEC_ITEM_AT_VALUE,
  CODEC_ITEM_BYTES,
  CODEC_NEXT_SAMPLE,
  CODEC_NUMBER,
  CODEC_SEQUENCE,
  CODEC_TEXT,
} from '../../abi/codecs';
import { CODE_CODEC_OUTPUT_INVALID, CODE_METRIC_DUPLICATE, CODE_NONE, CODE_SEQ_MALFORMED } from '../../abi/codes';
import { isUtf8 } from '../../utf8';
import { prefixAt, prefixBytes } from '../context';
import { beginPath, enterMember, resolvePath } from '../path';
import {
  beginSamples,
  endSample,
  endSamples,
  giveUp,
  hasRoomForReading,
  putNull,
  putNumber,
  putText,
  receivedUs,
  SEQ_MAX,
  skipReading,
  takeSeq,
  takeTs,
} from '../sink';
import { acceptDoubleUs } from '../time';
import { failure, refuse } from '../verdict';
import { codecAnswer } from './answers';

/** In place of a code: the host has not run the codec on the message. */
export const CODEC_WANTED: u32 = 0xffffffff;

/** Decodes what a codec says of the payload at `at` into the sink; answers CODE_NONE, why it is refused, or CODEC_WANTED. */
export function decodeCodec(at: usize, receiveUs: u64): u32 {
  const answer = codecAnswer(at);
  if (answer == 0) return CODEC_WANTED;
  beginSamples(receiveUs);
  const code = load<u32>(answer, CODEC_ANSWER_AT_CODE);
  if (code != CODE_NONE) return code;
  let item: usize = load<u32>(answer, CODEC_ANSWER_AT_ITEMS);
  const end = item + load<u32>(answer, CODEC_ANSWER_AT_ITEMS_BYTES);
  while (item < end) {
    if (!takeItem(item)) return giveUp();
    item += CODEC_ITEM_BYTES + <u32>load<u16>(item, CODEC_ITEM_AT_NAME_BYTES) + <u32>load<u16>(item, CODEC_ITEM_AT_TEXT_BYTES);
  }
  return endSamples(false) ? CODE_NONE : giveUp();
}

/** False: the message is refused. */
function takeItem(item: usize): bool {
  const kind = load<u32>(item, CODEC_ITEM_AT_KIND);
  if (kind == CODEC_NEXT_SAMPLE) return endSample();
  if (kind <= CODEC_TEXT) return takeReading(item, kind);
  const value = load<f64>(item, CODEC_ITEM_AT_VALUE);
  if (kind == CODEC_SEQUENCE) return takeSequence(value);
  // As in every format, a time that is not plausible refuses its message.
  if (!acceptDoubleUs(value, receivedUs)) return false;
  takeTs();
  return true;
}

function takeSequence(value: f64): bool {
  if (!(value >= 0 && value <= <f64>SEQ_MAX && value == trunc(value))) return refuse(CODE_SEQ_MALFORMED) != 0;
  return takeSeq(<u64>value);
}

function takeReading(item: usize, kind: u32): bool {
  const name = item + CODEC_ITEM_BYTES;
  const nameBytes: u32 = load<u16>(item, CODEC_ITEM_AT_NAME_BYTES);
  const text = name + nameBytes;
  const textBytes: u32 = load<u16>(item, CODEC_ITEM_AT_TEXT_BYTES);
  if (!isUtf8(name, text) || !isUtf8(text, text + textBytes)) return refuse(CODE_CODEC_OUTPUT_INVALID) != 0;
  if (!hasRoomForReading()) return false;
  beginPath(prefixAt, prefixBytes);
  enterMember(name, nameBytes, true);
  const metric = resolvePath();
  if (metric == 0) {
    if (failure == CODE_METRIC_DUPLICATE) return false;
    skipReading();
    return true;
  }
  const value = load<f64>(item, CODEC_ITEM_AT_VALUE);
  if (kind == CODEC_NUMBER && value != value) {
    putNull();
    return true;
  }
  const isKept = kind == CODEC_NUMBER ? putNumber(metric, value) : putText(metric, text, textBytes, true);
  if (!isKept) skipReading();
  return true;
}
