import {
  COUNTER_PIPELINE_ALIASES_UNKNOWN,
  COUNTER_PIPELINE_BIRTHS,
  COUNTER_PIPELINE_BIRTHS_UNTRACKED,
  COUNTER_PIPELINE_DEATHS,
  COUNTER_PIPELINE_EDGE_GAPS,
  COUNTER_PIPELINE_REBIRTHS_WANTED,
} from '../../abi/counters';
import { EDGE_SIGNALS_BYTES, EDGE_SIGNALS_OFFSET } from '../../abi/pipeline';
import {
  BIRTH_AT_ASKED_US,
  BIRTH_AT_BD_SEQ,
  BIRTH_AT_FLAGS,
  BIRTH_AT_GAPS,
  BIRTH_AT_SEQ,
  BIRTH_FOLLOWED,
  BIRTH_HAS_BD_SEQ,
  BIRTH_IS_NEW,
  BIRTH_OFFLINE,
  EDGE_BORN,
  EDGE_DIED,
  EDGE_REBIRTH_WANTED,
  EDGE_SIGNAL_AT_DEVICE,
  EDGE_SIGNAL_AT_KIND,
  EDGE_SIGNAL_AT_RECEIVE_US,
  EDGE_SIGNAL_AT_TOPIC_BYTES,
  EDGE_SIGNAL_HEADER_BYTES,
  EDGE_SIGNALS_HEADER_BYTES,
} from '../../abi/sparkplug';
import { count } from '../../memory';
import { topicAt, topicBytes } from '../context';
import { findBirth, obtainBirth } from './births';
import { bdSeq, hasBdSeq, hasPayloadSeq, payloadAt, payloadEnd, payloadSeq, takePayload, unknownAliases } from './decode';
import { define } from './define';
import { isOfDevice, kind, KIND_BIRTH, KIND_DEATH, KIND_STATE, nodeHash, ownHash } from './topic';

// What a message of Sparkplug changes in the state, once it is decoded for the last time: births, deaths, and the sequence of an edge
// node's messages.
//
// The messages of an edge node and its devices have one sequence. Here it is seen whole only where all of them come under
// one device number: devices that are registered by themselves have numbers of their own, perhaps in other partitions. The message
// after an edge node's birth tells: where it has the next number, the sequence is followed; where it does not, it is not.

/** A rebirth that was asked for is asked for again after so long, if it is still wanted. */
const ASK_AGAIN_US: u64 = 60000000;

let replaying: bool = false;
let device: u32 = 0;
let receivedUs: u64 = 0;

/** Applies the message that decodeSparkplug decoded last. With `replay` nothing is counted and no signal given. */
export function applySparkplug(number: u32, receiveUs: u64, replay: bool): void {
  if (!takePayload() || nodeHash == 0 || kind == KIND_STATE) return;
  replaying = replay;
  device = number;
  receivedUs = receiveUs;
  if (kind == KIND_BIRTH) born();
  else if (kind == KIND_DEATH) died();
  if (isOfDevice || kind != KIND_BIRTH) follow();
  if (unknownAliases != 0) {
    tally(COUNTER_PIPELINE_ALIASES_UNKNOWN, unknownAliases);
    const node = obtainBirth(nodeHash, device);
    if (node != 0) wantRebirth(node);
  }
}

@inline
function tally(counter: u32, amount: u32): void {
  if (!replaying) count(counter, amount);
}

function born(): void {
  const birth = obtainBirth(ownHash, device);
  if (birth == 0) {
    tally(COUNTER_PIPELINE_BIRTHS_UNTRACKED, 1);
    return;
  }
  if (!isOfDevice) {
    store<u8>(birth, <u8>payloadSeq, BIRTH_AT_SEQ);
    store<u64>(birth, hasBdSeq ? bdSeq : 0, BIRTH_AT_BD_SEQ);
  }
  const flags = (!isOfDevice && hasPayloadSeq ? BIRTH_IS_NEW : 0) | (!isOfDevice && hasBdSeq ? BIRTH_HAS_BD_SEQ : 0);
  store<u8>(birth, <u8>flags, BIRTH_AT_FLAGS);
  if (!define(birth, payloadAt, payloadEnd)) tally(COUNTER_PIPELINE_BIRTHS_UNTRACKED, 1);
  tally(COUNTER_PIPELINE_BIRTHS, 1);
  signal(EDGE_BORN);
}

/** Definitions survive a death: data that was buffered before it may still come. */
function died(): void {
  const birth = findBirth(ownHash, device);
  // The death of an earlier session, which came after the next one's birth.
  const hasBoth = birth != 0 && hasBdSeq && (<u32>load<u8>(birth, BIRTH_AT_FLAGS) & BIRTH_HAS_BD_SEQ) != 0;
  if (hasBoth && load<u64>(birth, BIRTH_AT_BD_SEQ) != bdSeq) return;
  if (birth != 0) store<u8>(birth, load<u8>(birth, BIRTH_AT_FLAGS) | <u8>BIRTH_OFFLINE, BIRTH_AT_FLAGS);
  tally(COUNTER_PIPELINE_DEATHS, 1);
  signal(EDGE_DIED);
}

/** Compares the sequence number with that of the edge node's message before. The death of a node has none. */
function follow(): void {
  const node = findBirth(nodeHash, device);
  if (node == 0 || !hasPayloadSeq || (kind == KIND_DEATH && !isOfDevice)) return;
  const flags = <u32>load<u8>(node, BIRTH_AT_FLAGS);
  const step = <u32>(payloadSeq - <u64>load<u8>(node, BIRTH_AT_SEQ)) & 0xff;
  // The same again: sent twice, or received twice.
  if (step == 0) return;
  store<u8>(node, <u8>payloadSeq, BIRTH_AT_SEQ);
  if ((flags & BIRTH_IS_NEW) != 0) {
    store<u8>(node, <u8>((flags & ~BIRTH_IS_NEW) | (step == 1 ? BIRTH_FOLLOWED : 0)), BIRTH_AT_FLAGS);
  } else if ((flags & BIRTH_FOLLOWED) != 0 && step != 1) {
    store<u32>(node, load<u32>(node, BIRTH_AT_GAPS) + 1, BIRTH_AT_GAPS);
    tally(COUNTER_PIPELINE_EDGE_GAPS, 1);
    wantRebirth(node);
  }
}

function wantRebirth(node: usize): void {
  const asked = load<u64>(node, BIRTH_AT_ASKED_US);
  if (asked != 0 && receivedUs < asked + ASK_AGAIN_US) return;
  store<u64>(node, receivedUs, BIRTH_AT_ASKED_US);
  tally(COUNTER_PIPELINE_REBIRTHS_WANTED, 1);
  signal(EDGE_REBIRTH_WANTED);
}

/** Lists a signal for the host while there is room: state and counters have those that are not listed. */
function signal(which: u32): void {
  const used = load<u32>(EDGE_SIGNALS_OFFSET, 4);
  const bytes = EDGE_SIGNAL_HEADER_BYTES + ((topicBytes + 7) & ~7);
  if (replaying || EDGE_SIGNALS_HEADER_BYTES + used + bytes > EDGE_SIGNALS_BYTES) return;
  const at = <usize>(EDGE_SIGNALS_OFFSET + EDGE_SIGNALS_HEADER_BYTES + used);
  store<u32>(at, device, EDGE_SIGNAL_AT_DEVICE);
  store<u16>(at, <u16>which, EDGE_SIGNAL_AT_KIND);
  store<u16>(at, <u16>topicBytes, EDGE_SIGNAL_AT_TOPIC_BYTES);
  store<u64>(at, receivedUs, EDGE_SIGNAL_AT_RECEIVE_US);
  memory.copy(at + EDGE_SIGNAL_HEADER_BYTES, topicAt, topicBytes);
  store<u32>(EDGE_SIGNALS_OFFSET, load<u32>(EDGE_SIGNALS_OFFSET) + 1);
  store<u32>(EDGE_SIGNALS_OFFSET, used + bytes, 4);
}
