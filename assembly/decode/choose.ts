import {
  FORMAT_BY_SHAPE,
  FORMAT_CAYENNE,
  FORMAT_CBOR,
  FORMAT_CODEC,
  FORMAT_JSON,
  FORMAT_LINE_PROTOCOL,
  FORMAT_MSGPACK,
  FORMAT_NDJSON,
  FORMAT_PROTOBUF,
  FORMAT_SENML_CBOR,
  FORMAT_SENML_JSON,
  FORMAT_SPARKPLUG,
  FORMAT_TEXT,
} from '../abi/block';
import {
  CODE_FORMAT_UNKNOWN,
  CODE_JSON_MALFORMED,
  CODE_METRIC_NAME_INVALID,
  CODE_METRIC_UNKNOWN,
  CODE_METRIC_VALUE_INVALID,
  CODE_METRICS_MISSING,
  CODE_NONE,
  CODE_NUMBER_OUT_OF_RANGE,
  CODE_PROTOBUF_MALFORMED,
  CODE_TEXT_NUL,
  CODE_TEXT_OVERSIZE,
  CODE_TOPIC_NOT_TAKEN,
  CODE_TS_MALFORMED,
} from '../abi/codes';
import { PROFILE_CHIRPSTACK, PROFILE_NOT_TAKEN, PROFILE_NOTHING, PROFILE_PLAIN } from '../abi/profiles';
import { decodeCayenne } from './cayenne/decode';
import { decodeCbor } from './cbor/decode';
import { decodeUplink } from './chirpstack/decode';
import { decodeCodec } from './codec/decode';
import { clearContext, isBare, isFormatOfRule, isRetained, prefixBytes, profile } from './context';
import { decodeJson } from './json/decode';
import { CLOSE_ARRAY, isSpace, OPEN_ARRAY, OPEN_OBJECT, QUOTE, skipSpace } from './json/grammar';
import { decodeByShape, learnShape, newestShape } from './json/shape';
import { decodeJsonTree } from './json/tree';
import { formatInSchema, laid, laidMembers } from './laid-schema';
import { decodeLines } from './line-protocol/decode';
import { decodeMsgpack } from './msgpack/decode';
import { unknownNames, unnamedMetrics } from './metrics';
import { decodeProtobuf } from './protobuf/decode';
import { decodeSenmlCbor } from './senml/cbor';
import { decodeSenmlJson, looksLikeSenml } from './senml/json';
import { decodeSparkplug } from './sparkplug/decode';
import { beginMessage, decodedSamples, endMessage, nulls, skippedReadings, zonedTimes, zonelessTimes } from './sink';
import { isOfDevice } from './tags';
import { decodeTextValue } from './text-value/decode';

const SPACE: u32 = 0x20;
// First bytes of documents. RFC 8949 §3.1, §3.4.6; MessagePack specification, "Formats".
const CBOR_TYPE: u32 = 0xe0;
const CBOR_ARRAY: u32 = 0x80;
const CBOR_MAP: u32 = 0xa0;
/** Low bits of numbers that take one byte, and their sign. */
const CBOR_NUMBERS: u32 = 0x2f;
const CBOR_ITSELF: u32 = 0xd9;
const CBOR_ITSELF_END: u32 = 0xf7;
const FIXMAP: u32 = 0x80;
const FIXARRAY: u32 = 0x90;
const ARRAY16: u32 = 0xdc;
const MAP16: u32 = 0xde;
const DELETE: u32 = 0x7f;

/** Whether nobody named the format of the last payload, and it was found by its shape. */
export let recognised: bool = false;

/** The shape of the payload that was decoded last, which its device will most likely send again; 0: none is known. */
export let decodedShape: u32 = 0;

/**
 * Decodes one payload without a context, of the content format that its record names, into the sink. Answers CODE_NONE or why it is
 * refused. When it answers CODE_NONE and `unknownNames` is not 0, the readings are incomplete: see metrics.ts. `shape` is that of
 * the device's message before, or 0.
 */
@inline
export function decodePayload(format: u32, shape: u32, at: usize, bytes: u32, receiveUs: u64): u32 {
  clearContext();
  recognised = false;
  // Without a context there is no topic, and nobody's births are asked for.
  if (format <= FORMAT_JSON) return decodeShaped(format, shape, at, bytes, receiveUs);
  decodedShape = 0;
  return decodeOther(0, format, at, bytes, receiveUs);
}

/** Decodes JSON, or what the payload's shape shows it to be; as the device's last message if it is of the same shape. */
@inline
function decodeShaped(format: u32, shape: u32, at: usize, bytes: u32, receiveUs: u64): u32 {
  decodedShape = shape == 0 ? newestShape : shape;
  if (decodedShape != 0 && decodeByShape(decodedShape, at, bytes, receiveUs)) return CODE_NONE;
  let code = decodeJson(at, bytes, receiveUs);
  const isNative = code == CODE_NONE;
  if (!isNative) code = decodeOtherJson(code, format, at, bytes, receiveUs);
  decodedShape = code == CODE_NONE && unknownNames == 0 && (isNative || isShaped()) && unnamedMetrics == 0 ? learnShape(at, bytes) : 0;
  return code;
}

/** Whether a document that is not ours was decoded to what the bytes around its values say, whichever device sends it. */
function isShaped(): bool {
  return !isOfDevice && decodedSamples == 0 && skippedReadings == 0 && nulls == 0 && zonelessTimes == 0 && zonedTimes == 0;
}

/** As decodePayload, of a payload that has a context, which is open. `device`: the number that its record has. */
export function decodeInContext(device: u32, format: u32, shape: u32, at: usize, bytes: u32, receiveUs: u64): u32 {
  decodedShape = 0;
  recognised = false;
  // An empty retained message removes the one before it [MQTT-3.3.1-6].
  if (profile == PROFILE_NOT_TAKEN) return CODE_TOPIC_NOT_TAKEN;
  if (profile == PROFILE_NOTHING || (bytes == 0 && isRetained)) return decodeNothing(receiveUs);
  if (laid != 0) format = formatInSchema(format, isFormatOfRule);
  if (format > FORMAT_JSON) return decodeOther(device, format, at, bytes, receiveUs);
  if (laidMembers() != 0) return decodeTreeOrShape(format == FORMAT_BY_SHAPE, at, bytes, receiveUs);
  if (isBare) return decodeShaped(format, shape, at, bytes, receiveUs);
  if (profile == PROFILE_PLAIN && prefixBytes == 0) {
    const code = decodeJson(at, bytes, receiveUs);
    return code == CODE_NONE ? code : decodeOtherJson(code, format, at, bytes, receiveUs);
  }
  if (profile == PROFILE_PLAIN && format == FORMAT_BY_SHAPE && isPackOfSenml(at, at + bytes)) {
    recognised = true;
    return decodeSenmlJson(at, bytes, receiveUs);
  }
  return decodeTreeOrShape(format == FORMAT_BY_SHAPE, at, bytes, receiveUs);
}

/** Of a payload that may be anything: brackets at both ends keep whoever looks into it from reading past its end. */
function isPackOfSenml(at: usize, end: usize): bool {
  at = skipSpace(at, end);
  while (end > at && isSpace(load<u8>(end - 1))) end--;
  if (end < at + 2 || <u32>load<u8>(at) != OPEN_ARRAY || <u32>load<u8>(end - 1) != CLOSE_ARRAY) return false;
  return looksLikeSenml(at, end);
}

function decodeNothing(receiveUs: u64): u32 {
  beginMessage(receiveUs);
  endMessage();
  return CODE_NONE;
}

/** Only a newer build writes a format that this one has no decoder of: its messages are kept, and may be decoded by it. */
function decodeOther(device: u32, format: u32, at: usize, bytes: u32, receiveUs: u64): u32 {
  if (format == FORMAT_NDJSON) return decodeJsonTree(at, bytes, receiveUs, true);
  if (format == FORMAT_LINE_PROTOCOL) return decodeLines(at, bytes, receiveUs);
  if (format == FORMAT_CAYENNE) return decodeCayenne(at, bytes, receiveUs);
  if (format == FORMAT_TEXT) return decodeText(at, bytes, receiveUs);
  if (format == FORMAT_PROTOBUF) return decodeProtobuf(at, bytes, receiveUs);
  if (format == FORMAT_CBOR) return decodeCbor(at, bytes, receiveUs);
  if (format == FORMAT_MSGPACK) return decodeMsgpack(at, bytes, receiveUs);
  if (format == FORMAT_SENML_JSON) return decodeSenmlJson(at, bytes, receiveUs);
  if (format == FORMAT_SENML_CBOR) return decodeSenmlCbor(at, bytes, receiveUs);
  if (format == FORMAT_SPARKPLUG) return decodeSparkplug(device, at, bytes, receiveUs);
  if (format == FORMAT_CODEC && laid != 0) return decodeCodec(at, receiveUs);
  return CODE_FORMAT_UNKNOWN;
}

/** A value of a topic may be a document as well: of a number, a boolean and a text, JSON says the same. */
function decodeText(at: usize, bytes: u32, receiveUs: u64): u32 {
  const first: u32 = bytes == 0 ? 0 : load<u8>(at);
  if (first == OPEN_OBJECT || first == OPEN_ARRAY || first == QUOTE) {
    const code = decodeJsonTree(at, bytes, receiveUs, false);
    if (code != CODE_JSON_MALFORMED) return code;
  }
  return decodeTextValue(at, bytes, receiveUs);
}

/** Decodes a payload that is not JSON by the format that its first bytes show; answers `code` when they show none. */
function decodeByOtherShape(code: u32, at: usize, bytes: u32, receiveUs: u64): u32 {
  const first: u32 = bytes == 0 ? 0 : load<u8>(at);
  if (first > SPACE && first < DELETE) recognised = decodeLines(at, bytes, receiveUs) == CODE_NONE;
  else if (first > DELETE) recognised = decodeBinary(at, bytes, receiveUs);
  return recognised ? CODE_NONE : code;
}

/** Decodes what begins as a map of CBOR or MessagePack does, or as an array of maps. Whichever takes in all bytes is the one. */
function decodeBinary(at: usize, bytes: u32, receiveUs: u64): bool {
  const first = bytes < 3 ? 0 : <u32>load<u8>(at);
  const second: u32 = load<u8>(at, 1);
  const third: u32 = load<u8>(at, 2);
  const isCborArray = (first & CBOR_TYPE) == CBOR_ARRAY && (second & CBOR_TYPE) == CBOR_MAP;
  // Labels of SenML are numbers, and names of other messages hardly ever.
  if (isCborArray && (third & CBOR_NUMBERS) == third) return decodeSenmlCbor(at, bytes, receiveUs) == CODE_NONE;
  const isMsgpackMap = (first & 0xf0) == FIXMAP || first == MAP16;
  const isMsgpackArray = ((first & 0xf0) == FIXARRAY && ((second & 0xf0) == FIXMAP || second == MAP16)) || first == ARRAY16;
  if ((isMsgpackMap || isMsgpackArray) && decodeMsgpack(at, bytes, receiveUs) == CODE_NONE) return true;
  const isTagged = first == CBOR_ITSELF && second == CBOR_ITSELF && third == CBOR_ITSELF_END;
  return ((first & CBOR_TYPE) == CBOR_MAP || isCborArray || isTagged) && decodeCbor(at, bytes, receiveUs) == CODE_NONE;
}

/** Decodes a document that is not `{ts, metrics, seq}`: the reader of that form refused it with `code`. */
function decodeOtherJson(code: u32, format: u32, at: usize, bytes: u32, receiveUs: u64): u32 {
  const isByShape = format == FORMAT_BY_SHAPE;
  if (isByShape && code == CODE_METRICS_MISSING && looksLikeSenml(at, at + bytes)) {
    recognised = true;
    return decodeSenmlJson(at, bytes, receiveUs);
  }
  if (!isOtherDocument(code) && (code != CODE_JSON_MALFORMED || !isByShape)) return code;
  return decodeTreeOrShape(isByShape, at, bytes, receiveUs);
}

function decodeTreeOrShape(isByShape: bool, at: usize, bytes: u32, receiveUs: u64): u32 {
  const code = decodeJsonTree(at, bytes, receiveUs, isByShape);
  if (code != CODE_JSON_MALFORMED || !isByShape) return code;
  return profile == PROFILE_CHIRPSTACK ? decodeUplinkOr(code, at, bytes, receiveUs) : decodeByOtherShape(code, at, bytes, receiveUs);
}

/** ChirpStack publishes JSON or, where its integration says so, Protobuf on the same topics. */
function decodeUplinkOr(code: u32, at: usize, bytes: u32, receiveUs: u64): u32 {
  const found = bytes == 0 ? CODE_PROTOBUF_MALFORMED : decodeUplink(at, bytes, receiveUs);
  recognised = found == CODE_NONE;
  return found == CODE_PROTOBUF_MALFORMED ? code : found;
}

/** Whether the payload may be a document of another kind, or have readings beside the one that is refused. */
function isOtherDocument(code: u32): bool {
  return (
    code == CODE_METRICS_MISSING ||
    code == CODE_METRIC_VALUE_INVALID ||
    code == CODE_NUMBER_OUT_OF_RANGE ||
    code == CODE_TEXT_NUL ||
    code == CODE_TEXT_OVERSIZE ||
    code == CODE_METRIC_NAME_INVALID ||
    code == CODE_METRIC_UNKNOWN ||
    code == CODE_TS_MALFORMED
  );
}
