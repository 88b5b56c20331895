import { CODE_METRIC_NAME_INVALID } from '../abi/codes';
import { METRIC_NAME_BYTES_MAX } from '../abi/limits';
import { resolveMetric } from './metrics';
import { clearTags, tagsAt, tagsBytes } from './tags';
import { refuse } from './verdict';

// Name of the metric that is being read: the names of the members around it, joined with dots, and the tags of its sample. A document that is deep can be named
// longer than a metric may be; such a path keeps counting its bytes, so that leaving its levels finds the way back.

const DOT: u8 = 0x2e;
const DIGITS_MAX: u32 = 10;

/** Names are compared sixteen bytes at a time. */
const path = memory.data(METRIC_NAME_BYTES_MAX + 16, 8);
export let pathBytes: u32 = 0;

@inline
function put(byte: u8): void {
  if (pathBytes < METRIC_NAME_BYTES_MAX) store<u8>(path + pathBytes, byte);
  pathBytes++;
}

/** Begins the names of a sample with the prefix, which brings its own dot; they have no tags yet. */
export function beginPath(prefixAt: usize, prefixBytes: u32): void {
  clearTags();
  pathBytes = 0;
  append(prefixAt, prefixBytes);
}

function append(at: usize, bytes: u32): void {
  if (pathBytes + bytes <= METRIC_NAME_BYTES_MAX) memory.copy(path + pathBytes, at, bytes);
  pathBytes += bytes;
}

/** Goes into a member; answers what leavePath takes to come back. `isFirst`: nothing but a prefix comes before it. */
@inline
export function enterMember(at: usize, bytes: u32, isFirst: bool): u32 {
  const before = pathBytes;
  if (!isFirst) put(DOT);
  append(at, bytes);
  return before;
}

/** Adds a text of ASCII to the name, as it is. */
export function enterAscii(text: string): void {
  for (let i = 0; i < text.length; i++) put(<u8>text.charCodeAt(i));
}

/** Goes into an element of an array, whose name is its index from 0 on. */
export function enterElement(index: u32, isFirst: bool): u32 {
  const before = pathBytes;
  if (!isFirst) put(DOT);
  let digits: u32 = 1;
  for (let rest = index; rest > 9; rest /= 10) digits++;
  assert(digits <= DIGITS_MAX, 'an index has more digits than a word');
  pathBytes += digits;
  for (let at = pathBytes; digits > 0; digits--, index /= 10) {
    if (--at < METRIC_NAME_BYTES_MAX) store<u8>(path + at, <u8>(0x30 + (index % 10)));
  }
  return before;
}

@inline
export function leavePath(before: u32): void {
  pathBytes = before;
}

/** As resolveMetric, of the name that the path has now. */
export function resolvePath(): u32 {
  const bytes = pathBytes + tagsBytes;
  if (bytes > METRIC_NAME_BYTES_MAX) return <u32>refuse(CODE_METRIC_NAME_INVALID);
  if (tagsBytes != 0) memory.copy(path + pathBytes, tagsAt, tagsBytes);
  return resolveMetric(path, bytes);
}
