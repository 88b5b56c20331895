import { topicAt, topicBytes } from '../context';
import { xxh64 } from '../../memory';

// Topics of Sparkplug 3.0 §4: spBv1.0/group/TYPE/node or spBv1.0/group/TYPE/node/device, and spBv1.0/STATE/host.

export const KIND_NONE: u32 = 0;
export const KIND_BIRTH: u32 = 1;
export const KIND_DATA: u32 = 2;
export const KIND_DEATH: u32 = 3;
/** A message of a host, which says nothing of devices. */
export const KIND_STATE: u32 = 4;

/** What the topic says: KIND_…, whether it names a device of the edge node, and who is meant. */
export let kind: u32 = KIND_NONE;
export let isOfDevice: bool = false;
/** Hash of "group/node", and of "group/node/device" or again of the former. */
export let nodeHash: u64 = 0;
export let ownHash: u64 = 0;

const SLASH: u32 = 0x2f;
const N: u32 = 0x4e;
const D: u32 = 0x44;
const PREFIX_BYTES: u32 = 8;
/** "spBv1.0/", little-endian. */
const PREFIX: u64 = 0x2f302e3176427073;
/** "STATE", "BIRTH" and "DEATH" from their second letter on, and "DATA", little-endian. */
const TATE: u32 = 0x45544154;
const IRTH: u32 = 0x48545249;
const EATH: u32 = 0x48544145;
const DATA: u32 = 0x41544144;
const LETTER_B: u32 = 0x42;
const LETTER_S: u32 = 0x53;

let levelAt: usize = 0;

/** Moves past the level at `at`, and leaves its first byte in levelAt; answers where the next begins, past `end` after the last. */
function nextLevel(at: usize, end: usize): usize {
  levelAt = at;
  while (at < end && <u32>load<u8>(at) != SLASH) at++;
  return at + 1;
}

/** Reads the topic of the context. A payload without a topic is data that names its metrics. False: it is no topic of Sparkplug's. */
export function readTopic(): bool {
  kind = KIND_DATA;
  isOfDevice = false;
  nodeHash = 0;
  ownHash = 0;
  if (topicBytes == 0) return true;
  kind = KIND_NONE;
  const end = topicAt + topicBytes;
  if (topicBytes <= PREFIX_BYTES || load<u64>(topicAt) != PREFIX) return false;
  const group = topicAt + PREFIX_BYTES;
  const type = nextLevel(group, end);
  if (type - 1 == group + 5 && <u32>load<u8>(group) == LETTER_S && load<u32>(group, 1) == TATE) {
    kind = KIND_STATE;
    return true;
  }
  const node = nextLevel(type, end);
  const device = nextLevel(node, end);
  if (node >= end || !readType(type, <u32>(node - 1 - type))) return false;
  const after = isOfDevice ? nextLevel(device, end) : device;
  if ((isOfDevice && device >= end) || after != end + 1) return (kind = KIND_NONE) != KIND_NONE;
  // Seeded with the group, so that "a/bc" and "ab/c" are two.
  const seed = xxh64(group, <u32>(type - 1 - group));
  nodeHash = xxh64(node, <u32>(device - 1 - node), seed);
  ownHash = isOfDevice ? xxh64(device, <u32>(end - device), nodeHash) : nodeHash;
  return true;
}

function readType(at: usize, bytes: u32): bool {
  const first: u32 = load<u8>(at);
  if (first != N && first != D) return false;
  isOfDevice = first == D;
  if (bytes == 5 && load<u32>(at, 1) == DATA) kind = KIND_DATA;
  else if (bytes == 6 && <u32>load<u8>(at, 1) == LETTER_B && load<u32>(at, 2) == IRTH) kind = KIND_BIRTH;
  else if (bytes == 6 && <u32>load<u8>(at, 1) == D && load<u32>(at, 2) == EATH) kind = KIND_DEATH;
  return kind != KIND_NONE;
}
