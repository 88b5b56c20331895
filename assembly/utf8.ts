// UTF-8 as RFC 3629 §4 has it: no surrogates, nothing above U+10FFFF, shortest form. Strings of MQTT are without U+0000 as well
// [MQTT-1.5.4-1] [MQTT-1.5.4-2].

/** Bytes of the well-formed character of two bytes or more at `at`, or 0. */
function wideCharacter(at: usize, end: usize): u32 {
  const first = <u32>load<u8>(at);
  const rest = <u32>(end - at);
  if (first < 0xc2 || rest < 2) return 0;
  const second = <u32>load<u8>(at, 1);
  if (first < 0xe0) return (second & 0xc0) == 0x80 ? 2 : 0;
  if (rest < 3 || (load<u8>(at, 2) & 0xc0) != 0x80) return 0;
  if (first < 0xf0) {
    const low: u32 = first == 0xe0 ? 0xa0 : 0x80;
    const high: u32 = first == 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high ? 3 : 0;
  }
  if (first > 0xf4 || rest < 4 || (load<u8>(at, 3) & 0xc0) != 0x80) return 0;
  const low: u32 = first == 0xf0 ? 0x90 : 0x80;
  const high: u32 = first == 0xf4 ? 0x8f : 0xbf;
  return second >= low && second <= high ? 4 : 0;
}

/** Whether the bytes are ASCII without a NUL. They are compared sixteen at a time: bytes after them may be read and do not count. */
@inline
export function isPlainAscii(at: usize, bytes: u32): bool {
  const least = i8x16.splat(1);
  while (bytes > 16) {
    if (v128.any_true(i8x16.lt_s(v128.load(at), least))) return false;
    at += 16;
    bytes -= 16;
  }
  return (i8x16.bitmask(i8x16.lt_s(v128.load(at), least)) & ((1 << bytes) - 1)) == 0;
}

/** Whether the bytes are UTF-8; a NUL is, too. */
export function isUtf8(at: usize, end: usize): bool {
  while (at < end) {
    if (<u32>load<u8>(at) < 0x80) {
      at++;
      continue;
    }
    const bytes = wideCharacter(at, end);
    if (bytes == 0) return false;
    at += bytes;
  }
  return true;
}

/** A string as any packet may hold it; it may be empty. */
export function wellFormed(at: usize, end: usize): bool {
  while (at < end) {
    const byte = load<u8>(at);
    if (byte == 0) return false;
    if (byte < 0x80) {
      at++;
      continue;
    }
    const bytes = wideCharacter(at, end);
    if (bytes == 0) return false;
    at += bytes;
  }
  return true;
}

const SLASH: u32 = 0x2f;
const WILDCARD_REST: u32 = 0x23;
const WILDCARD_LEVEL: u32 = 0x2b;

/** Whether any byte of the run is `a` or `b`; both are ASCII, so no part of a wide character matches. */
function holds(at: usize, end: usize, a: u8, b: u8): bool {
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == a || byte == b) return true;
  }
  return false;
}

/** A topic name: not empty, no wildcards [MQTT-4.7.1-1] [MQTT-4.7.3-1]. */
export function topicName(at: usize, end: usize): bool {
  return at < end && wellFormed(at, end) && !holds(at, end, 0x23, 0x2b);
}

/**
 * A topic filter, not empty: + is a whole level, # is one and the last [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.7.3-1].
 */
export function isFilter(at: usize, end: usize): bool {
  if (at >= end || !wellFormed(at, end)) return false;
  const start = at;
  for (; at < end; at++) {
    const byte = <u32>load<u8>(at);
    if (byte != WILDCARD_LEVEL && byte != WILDCARD_REST) continue;
    if (at > start && <u32>load<u8>(at - 1) != SLASH) return false;
    if (at + 1 < end && (byte == WILDCARD_REST || <u32>load<u8>(at + 1) != SLASH)) return false;
  }
  return true;
}

/** One level of a topic name, not empty. */
export function topicLevel(at: usize, end: usize): bool {
  return topicName(at, end) && !holds(at, end, 0x2f, 0x2f);
}
