import { METRIC_NAME_BYTES_MAX } from '../abi/limits';
import { sameBytes, xxh64 } from '../memory';
import { hostOf } from '../series/accounts';
import { findDevice } from '../series/devices';
import { ownTagAt, ownTagBytes, topicAt, topicBytes } from './context';
import { device } from './device';

// Tags of the sample at hand: they end the name of each of its metrics, as `{key=value,key2=value2}`, by the bytes of the keys. A
// decoder calls beginTag and endTag for each of them and then sealTags; beginning a path forgets them. A tag without a value says
// nothing, and of a key that is there twice the last value counts.
//
// Tag, in the order of their keys:
//   0  u32 where its key lies     4  u32 bytes of the key     8  u32 where its value lies     12  u32 bytes of the value

const TAGS_MAX: u32 = 64;
const TAG_BYTES: usize = 16;
const AT_KEY: usize = 0;
const AT_KEY_BYTES: usize = 4;
const AT_VALUE: usize = 8;
const AT_VALUE_BYTES: usize = 12;

const OPEN: u32 = 0x7b;
const CLOSE: u32 = 0x7d;
const COMMA: u32 = 0x2c;
const EQUALS: u32 = 0x3d;
const BACKSLASH: u32 = 0x5c;
const SLASH: u32 = 0x2f;
const HOST = memory.data<u8>([0x68, 0x6f, 0x73, 0x74]);
const HOST_BYTES: u32 = 4;

const tags = memory.data(TAGS_MAX * <i32>TAG_BYTES, 8);
/** Keys and values as they are without escapes: no more of them than a name has room for. */
const room = memory.data(METRIC_NAME_BYTES_MAX, 8);
const sealed = memory.data(METRIC_NAME_BYTES_MAX, 8);

let count: u32 = 0;
let roomBytes: u32 = 0;
let keyAt: u32 = 0;
let keyBytes: u32 = 0;
/** There are more of them than any name has room for, or one that is no text. */
let isUnusable: bool = false;

/** The end of the names, its braces included, at tagsAt; more bytes than a name may have: the tags fit no name. */
export const tagsAt: usize = sealed;
export let tagsBytes: u32 = 0;

/** The host that became the device's own with the message at hand: a hash, or 0. */
export let newHost: u32 = 0;
/** A tag of the message was judged by the state of the device. */
export let isOfDevice: bool = false;

/** Tags from here on are of another message. */
@inline
export function beginMessageTags(): void {
  newHost = 0;
  isOfDevice = false;
}

/** The names that follow have no tags. */
@inline
export function clearTags(): void {
  count = 0;
  roomBytes = 0;
  isUnusable = false;
  tagsBytes = 0;
}

/** Begins a tag with its key, which is kept as it is. */
export function beginTag(at: usize, bytes: u32): void {
  keyBytes = bytes;
  keyAt = keep(at, bytes);
}

/** Ends the tag that was begun with its value. */
export function endTag(at: usize, bytes: u32): void {
  if (isUnusable || keyBytes == 0) return;
  if (isLeftOut(at, bytes)) {
    roomBytes = keyAt - <u32>room;
    return;
  }
  const valueAt = keep(at, bytes);
  if (isUnusable) return;
  let index = count;
  while (index > 0) {
    const order = compareKey(tagAt(index - 1));
    if (order == 0) return setValue(tagAt(index - 1), valueAt, bytes);
    if (order > 0) break;
    index--;
  }
  if (count == TAGS_MAX) return refuseTags();
  memory.copy(tagAt(index + 1), tagAt(index), <usize>(count - index) * TAG_BYTES);
  count++;
  store<u32>(tagAt(index), keyAt, AT_KEY);
  store<u32>(tagAt(index), keyBytes, AT_KEY_BYTES);
  setValue(tagAt(index), valueAt, bytes);
}

/** No name can be made of these tags: metrics named with them are refused. */
export function refuseTags(): void {
  isUnusable = true;
  tagsBytes = METRIC_NAME_BYTES_MAX + 1;
}

/** Writes the end of the names, once all tags are there. */
export function sealTags(): void {
  if (isUnusable) return;
  tagsBytes = 0;
  for (let index: u32 = 0; index < count; index++) {
    const tag = tagAt(index);
    const bytes = load<u32>(tag, AT_VALUE_BYTES);
    if (bytes == 0) continue;
    put(tagsBytes == 0 ? OPEN : COMMA);
    putEscaped(load<u32>(tag, AT_KEY), load<u32>(tag, AT_KEY_BYTES));
    put(EQUALS);
    putEscaped(load<u32>(tag, AT_VALUE), bytes);
  }
  if (tagsBytes != 0) put(CLOSE);
}

@inline
function tagAt(index: u32): usize {
  return tags + <usize>index * TAG_BYTES;
}

@inline
function setValue(tag: usize, at: u32, bytes: u32): void {
  store<u32>(tag, at, AT_VALUE);
  store<u32>(tag, bytes, AT_VALUE_BYTES);
}

/** Copies a text to the room; answers where it is there. */
function keep(at: usize, bytes: u32): u32 {
  if (roomBytes + bytes > METRIC_NAME_BYTES_MAX) {
    refuseTags();
    return 0;
  }
  const to = room + roomBytes;
  memory.copy(to, at, bytes);
  roomBytes += bytes;
  return <u32>to;
}

/** Below, at or above 0: the key that was begun comes before that of the tag, is it, or comes after it. */
function compareKey(tag: usize): i32 {
  const bytes = load<u32>(tag, AT_KEY_BYTES);
  const order = memory.compare(keyAt, load<u32>(tag, AT_KEY), min(keyBytes, bytes));
  return order != 0 ? order : <i32>keyBytes - <i32>bytes;
}

@inline
function put(byte: u32): void {
  if (tagsBytes < METRIC_NAME_BYTES_MAX) store<u8>(sealed + tagsBytes, <u8>byte);
  tagsBytes++;
}

function putEscaped(at: usize, bytes: u32): void {
  for (let i: u32 = 0; i < bytes; i++) {
    const byte: u32 = load<u8>(at + i);
    if (byte == COMMA || byte == EQUALS || byte == OPEN || byte == CLOSE || byte == BACKSLASH) put(BACKSLASH);
    put(byte);
  }
}

/** Whether the tag says which device it is, which the reading has already. */
function isLeftOut(at: usize, bytes: u32): bool {
  if (ownTagBytes != 0 && ownTagBytes == keyBytes && sameBytes(keyAt, ownTagAt, keyBytes)) return true;
  if (keyBytes != HOST_BYTES || load<u32>(keyAt) != load<u32>(HOST)) return false;
  return bytes == 0 || isTopicLevel(at, bytes) || isOwnHost(at, bytes);
}

/** Whether a level of the message's topic is this text. */
function isTopicLevel(at: usize, bytes: u32): bool {
  const end = topicAt + topicBytes;
  for (let from = topicAt, to = from; to <= end && topicBytes != 0; to++) {
    if (to < end && <u32>load<u8>(to) != SLASH) continue;
    if (<u32>(to - from) == bytes && sameBytes(from, at, bytes)) return true;
    from = to + 1;
  }
  return false;
}

/** The host that a device names first is its own; another one makes other series, as the device then speaks for several. */
function isOwnHost(at: usize, bytes: u32): bool {
  const hash = max(<u32>xxh64(at, bytes), 1);
  const state = findDevice(device);
  const known = newHost != 0 ? newHost : state == 0 ? 0 : hostOf(state);
  isOfDevice = true;
  if (known == 0) newHost = hash;
  return known == 0 || known == hash;
}
