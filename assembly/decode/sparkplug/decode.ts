import {
  CODE_NONE,
  CODE_PAYLOAD_OVERSIZE,
  CODE_SPARKPLUG_ALIAS_UNKNOWN,
  CODE_SPARKPLUG_COMPRESSED,
  CODE_SPARKPLUG_TOPIC_INVALID,
  CODE_TEXT_UTF8_MALFORMED,
} from '../../abi/codes';
import { PAYLOAD_BYTES_MAX } from '../../abi/limits';
import { DEFINITION_AT_DATATYPE, DEFINITION_AT_NAME, DEFINITION_AT_NAME_BYTES } from '../../abi/sparkplug';
import { isPlainAscii, isUtf8 } from '../../utf8';
import { prefixAt, prefixBytes } from '../context';
import { resolveMetric } from '../metrics';
import { beginPath, enterMember, leavePath, pathBytes, resolvePath } from '../path';
import { bytesAt, bytesEnd, fieldNumber, readField, WIRE_BYTES, wireType, WIRE_VARINT, word } from '../protobuf/wire';
import { beginSamples, endSample, endSamples, giveUp, hasRoomForReading, inheritTs, putNull, receivedUs, skipReading } from '../sink';
import { acceptUs, timeUs } from '../time';
import { beginUnits, keepUnit, stateUnit } from '../units';
import { refuse } from '../verdict';
import { beginLookups, blockOf, findBirth, findByAlias, findByName } from './births';
import {
  alias, datatype, hasAlias, hasName, isHistorical, isNull, nameAt, nameBytes, propertiesAt, propertiesEnd, readMetric, setDatatype, timestamp, valueField, valueWord,
} from './metric';
import { isNested, readNested } from './nested';
import { isOfDevice, kind, KIND_DATA, KIND_DEATH, KIND_STATE, ownHash, readTopic } from './topic';
import { findUnit, unitAt, unitBytes } from './unit';
import { putValue, wasDuplicate } from './values';

// Payloads of Sparkplug B 3.0 (sparkplug_b.proto, message Payload): timestamp 1, metrics 2, seq 3, uuid 4, body 5. Each metric has a time
// of its own: metrics of one moment that follow one another are a sample. Decoding changes no state: applySparkplug does, once.

/** Where the payload that was decoded last lies. */
export let payloadAt: usize = 0;
export let payloadEnd: usize = 0;
/** It was read to its end, and not taken yet. */
let isReadable: bool = false;
export let hasPayloadSeq: bool = false;
export let payloadSeq: u64 = 0;
/** Number of the session that a birth or a death of an edge node belongs to. */
export let hasBdSeq: bool = false;
export let bdSeq: u64 = 0;
/** Metrics named by an alias that no birth defines. */
export let unknownAliases: u32 = 0;

let payloadMs: u64 = 0;
/** Bytes of the prefix: names below it begin with a metric's name, not with a dot. */
let rootBytes: u32 = 0;
/** The birth whose aliases the payload speaks of; 0: none was seen. */
let birth: usize = 0;

/** Time and kind of the open sample; its time is 0 when it has none. */
let isOpen: bool = false;
let openUs: u64 = 0;
let openHistorical: bool = false;

/** Milliseconds from here on fit no word of microseconds. */
const MS_END: u64 = 1 << 53;
const NO_MOMENT: u64 = u64.MAX_VALUE;

/** "SPBV1.0_COMPRESSED" */
const COMPRESSED = memory.data<u8>([0x53, 0x50, 0x42, 0x56, 0x31, 0x2e, 0x30, 0x5f, 0x43, 0x4f, 0x4d, 0x50, 0x52, 0x45, 0x53, 0x53, 0x45, 0x44]);
const COMPRESSED_BYTES: u32 = 18;
/** "Node Control/" and "Device Control/": commands, which births list. */
const NODE_CONTROL = memory.data<u8>([0x4e, 0x6f, 0x64, 0x65, 0x20, 0x43, 0x6f, 0x6e, 0x74, 0x72, 0x6f, 0x6c, 0x2f]);
const NODE_CONTROL_BYTES: u32 = 13;
const DEVICE_CONTROL = memory.data<u8>([0x44, 0x65, 0x76, 0x69, 0x63, 0x65, 0x20, 0x43, 0x6f, 0x6e, 0x74, 0x72, 0x6f, 0x6c, 0x2f]);
const DEVICE_CONTROL_BYTES: u32 = 15;
/** "bdSeq" */
const BD_SEQ = memory.data<u8>([0x62, 0x64, 0x53, 0x65, 0x71]);
const BD_SEQ_BYTES: u32 = 5;

/** Decodes one payload of the device with this number into the sink; answers CODE_NONE or why it is refused. */
export function decodeSparkplug(device: u32, at: usize, bytes: u32, receiveUs: u64): u32 {
  beginSamples(receiveUs);
  beginUnits();
  isReadable = false;
  unknownAliases = 0;
  hasBdSeq = false;
  if (bytes > PAYLOAD_BYTES_MAX) return CODE_PAYLOAD_OVERSIZE;
  if (!readTopic()) return CODE_SPARKPLUG_TOPIC_INVALID;
  payloadAt = at;
  payloadEnd = at + bytes;
  isReadable = kind == KIND_STATE || readPayload(device);
  return isReadable && endSamples(true) ? CODE_NONE : giveUp();
}

/** Takes the payload that was decoded last, once; false: it could not be read to its end. */
export function takePayload(): bool {
  const isTaken = isReadable;
  isReadable = false;
  return isTaken;
}

function readPayload(device: u32): bool {
  if (!readHead()) return false;
  beginPath(prefixAt, prefixBytes);
  rootBytes = pathBytes;
  isOpen = false;
  birth = kind == KIND_DATA && ownHash != 0 ? findBirth(ownHash, device) : 0;
  beginLookups();
  for (let at = payloadAt; at < payloadEnd; ) {
    at = readField(at, payloadEnd);
    if (at == 0) return false;
    if (fieldNumber == 2 && wireType == WIRE_BYTES && (!readMetric(bytesAt, bytesEnd) || !putMetric())) return false;
  }
  return true;
}

/** Reads the payload's own fields, which may come after the metrics. */
function readHead(): bool {
  payloadMs = 0;
  hasPayloadSeq = false;
  let isCompressed = false;
  for (let at = payloadAt; at < payloadEnd; ) {
    at = readField(at, payloadEnd);
    if (at == 0) return false;
    if (wireType == WIRE_VARINT && fieldNumber == 1) {
      payloadMs = word;
    } else if (wireType == WIRE_VARINT && fieldNumber == 3) {
      hasPayloadSeq = true;
      payloadSeq = word;
    } else if (wireType == WIRE_BYTES && fieldNumber == 4) {
      isCompressed = <u32>(bytesEnd - bytesAt) == COMPRESSED_BYTES && memory.compare(bytesAt, COMPRESSED, COMPRESSED_BYTES) == 0;
    }
  }
  return !isCompressed || refuse(CODE_SPARKPLUG_COMPRESSED) != 0;
}

/** Makes the metric that was read last readings, if it is any. False: the message is refused. */
function putMetric(): bool {
  let at = nameAt;
  let bytes = nameBytes;
  if (hasName) {
    if (!isOfDevice && kind != KIND_DATA && isNamed(BD_SEQ, BD_SEQ_BYTES)) {
      hasBdSeq = true;
      bdSeq = valueWord;
      return true;
    }
    if (kind == KIND_DEATH || isCommand()) return true;
    if (!isPlainAscii(at, bytes) && !isUtf8(at, at + bytes)) return passOver(CODE_TEXT_UTF8_MALFORMED);
    if (datatype == 0 && kind == KIND_DATA) takeDefined(findByName(birth, at, bytes));
  } else {
    const definition = hasAlias ? findByAlias(birth, alias) : 0;
    if (definition == 0) {
      if (kind == KIND_DATA && hasAlias) unknownAliases++;
      return passOver(CODE_SPARKPLUG_ALIAS_UNKNOWN);
    }
    at = blockOf(birth) + load<u32>(definition, DEFINITION_AT_NAME);
    bytes = load<u16>(definition, DEFINITION_AT_NAME_BYTES);
    if (datatype == 0) takeDefined(definition);
  }
  if (isNull || valueField == 0) {
    putNull();
    return true;
  }
  const us = momentUs();
  if (us == NO_MOMENT) {
    skipReading();
    return true;
  }
  return openMoment(us) && putNamed(at, bytes);
}

@inline
function takeDefined(definition: usize): void {
  if (definition != 0) setDatatype(load<u8>(definition, DEFINITION_AT_DATATYPE));
}

function passOver(code: u32): bool {
  refuse(code);
  skipReading();
  return true;
}

@inline
function isNamed(name: usize, bytes: u32): bool {
  return nameBytes == bytes && memory.compare(nameAt, name, bytes) == 0;
}

function isCommand(): bool {
  if (nameBytes > NODE_CONTROL_BYTES && memory.compare(nameAt, NODE_CONTROL, NODE_CONTROL_BYTES) == 0) return true;
  return nameBytes > DEVICE_CONTROL_BYTES && memory.compare(nameAt, DEVICE_CONTROL, DEVICE_CONTROL_BYTES) == 0;
}

/** The metric's time, or that of the payload; 0: neither has one; NO_MOMENT: it cannot be. */
function momentUs(): u64 {
  const ms = timestamp != 0 ? timestamp : payloadMs;
  if (ms == 0) return 0;
  return acceptUs(ms < MS_END ? <i64>(ms * 1000) : -1, receivedUs) ? timeUs : NO_MOMENT;
}

/** Opens the sample of the moment, unless it is open. False: there are too many. */
function openMoment(us: u64): bool {
  if (isOpen && us == openUs && isHistorical == openHistorical) return true;
  if (isOpen && !endSample()) return false;
  isOpen = true;
  openUs = us;
  openHistorical = isHistorical;
  if (us != 0) inheritTs(us);
  return true;
}

/** Puts the metric under its name. One that is there twice at one moment is in a sample of its own. */
function putNamed(at: usize, bytes: u32): bool {
  if (isNested()) {
    const before = enterMember(at, bytes, pathBytes == rootBytes);
    const isRead = readNested(1);
    leavePath(before);
    return isRead;
  }
  if (!hasRoomForReading()) return false;
  let metric = resolveName(at, bytes);
  if (metric == 0 && wasDuplicate()) {
    if (!endSample()) return false;
    if (openUs != 0) inheritTs(openUs);
    metric = resolveName(at, bytes);
  }
  if (metric == 0 || !putValue(metric)) skipReading();
  else if (propertiesEnd != 0 && findUnit(propertiesAt, propertiesEnd)) stateUnit(metric, keepUnit(unitAt, unitBytes), unitBytes);
  return true;
}

@inline
function resolveName(at: usize, bytes: u32): u32 {
  if (pathBytes == 0) return resolveMetric(at, bytes);
  const before = enterMember(at, bytes, pathBytes == rootBytes);
  const metric = resolvePath();
  leavePath(before);
  return metric;
}
