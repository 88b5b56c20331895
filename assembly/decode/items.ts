import { CODE_CBOR_MALFORMED, CODE_DEPTH_EXCEEDED, CODE_MSGPACK_MALFORMED } from '../abi/codes';
import { JSON_DEPTH_MAX, PAYLOAD_BYTES_MAX } from '../abi/limits';
import { readCbor } from './cbor/read';
import { ITEM_ARRAY, ITEM_MAP, itemKind, itemWord } from './item';
import { readMsgpack } from './msgpack/read';
import { reach, refuse } from './verdict';

// The items of a payload one after another, whichever of the two formats it is in.

/** In place of an item: the items of indefinite number end. */
const BREAK: u32 = 0xff;

/** Which of the two formats is read. */
let isMsgpack: bool = false;

/** Items from here on are of MessagePack, or of CBOR. */
@inline
export function beginItems(ofMsgpack: bool): void {
  isMsgpack = ofMsgpack;
}

@inline
export function malformed(): u32 {
  return isMsgpack ? CODE_MSGPACK_MALFORMED : CODE_CBOR_MALFORMED;
}

@inline
export function readItem(at: usize, end: usize): usize {
  reach(at);
  return isMsgpack ? readMsgpack(at, end) : readCbor(at, end);
}

/** Whether another item follows, of as many as are left: INDEFINITE and somewhat less end at a break. */
@inline
export function hasNext(rest: u64, at: usize, end: usize): bool {
  if (rest <= PAYLOAD_BYTES_MAX) return rest != 0;
  return at < end && <u32>load<u8>(at) != BREAK;
}

/** The position after items of which `rest` are left: none, or those that end at a break. */
@inline
export function afterItems(rest: u64, at: usize, end: usize): usize {
  if (rest == 0) return at;
  return at < end ? at + 1 : refuse(malformed());
}

/** Passes over the rest of the item that was read and lies `depth` levels deep: what an array or a map holds. */
export function skipRest(at: usize, end: usize, depth: u32): usize {
  if (itemKind != ITEM_ARRAY && itemKind != ITEM_MAP) return at;
  if (depth + 1 > JSON_DEPTH_MAX) return refuse(CODE_DEPTH_EXCEEDED);
  const isMap = itemKind == ITEM_MAP;
  let rest = itemWord;
  while (hasNext(rest, at, end)) {
    at = readItem(at, end);
    if (at != 0) at = skipRest(at, end, depth + 1);
    if (at != 0 && isMap) at = readItem(at, end);
    if (at != 0 && isMap) at = skipRest(at, end, depth + 1);
    if (at == 0) return 0;
    rest--;
  }
  return afterItems(rest, at, end);
}
