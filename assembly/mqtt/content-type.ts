import { FORMAT_BY_SHAPE } from '../abi/block';
import {
  CONTENT_TYPE_AT_FORMAT,
  CONTENT_TYPE_AT_NAME,
  CONTENT_TYPE_BYTES,
  CONTENT_TYPES_MAX,
  CONTENT_TYPES_OFFSET,
} from '../abi/gateway';

const SPACE: u8 = 0x20;
const SEMICOLON: u8 = 0x3b;

/** The content format of a media type, whatever its parameters are; FORMAT_BY_SHAPE: it is none that the host has laid. */
export function formatOfContentType(at: usize, end: usize): u32 {
  let typeEnd = at;
  while (typeEnd < end && load<u8>(typeEnd) != SEMICOLON && load<u8>(typeEnd) != SPACE) typeEnd++;
  const bytes = <u32>(typeEnd - at);
  for (let type: u32 = 0; type < CONTENT_TYPES_MAX; type++) {
    const entry = <usize>(CONTENT_TYPES_OFFSET + type * CONTENT_TYPE_BYTES);
    const known = <u32>load<u8>(entry);
    if (known == 0) break;
    if (known == bytes && isSameText(entry + CONTENT_TYPE_AT_NAME, at, bytes)) return load<u8>(entry, CONTENT_TYPE_AT_FORMAT);
  }
  return FORMAT_BY_SHAPE;
}

/** Whether the texts are the same but for the case of letters; `lower` is in lower case. */
function isSameText(lower: usize, at: usize, bytes: u32): bool {
  for (let i: u32 = 0; i < bytes; i++) {
    let byte = <u32>load<u8>(at + i);
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
    if (byte != <u32>load<u8>(lower + i)) return false;
  }
  return true;
}
