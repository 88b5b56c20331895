import { CODE_JSON_MALFORMED } from '../../abi/codes';
import { beginTag, endTag, refuseTags, sealTags } from '../tags';
import { readString, textAt, textBytes } from '../text';
import { refuse } from '../verdict';
import { toValue } from './decode';
import { CLOSE_OBJECT, COMMA, LETTER_N, OPEN_ARRAY, OPEN_OBJECT, QUOTE, skipSpace, skipValue } from './grammar';

/**
 * Reads the object at `at` as tags of the sample. A number, true and false are the text that they are written as, null is no value, and
 * what has members of its own is no tag. `scratch` is as in readString.
 */
export function readTags(at: usize, end: usize, scratch: usize): usize {
  at = skipSpace(at + 1, end);
  if (<u32>load<u8>(at) == CLOSE_OBJECT) return at + 1;
  while (true) {
    if (<u32>load<u8>(at) != QUOTE) return refuse(CODE_JSON_MALFORMED);
    at = readString(at + 1, end, scratch);
    if (at == 0) return 0;
    beginTag(textAt, textBytes);
    at = toValue(at, end);
    if (at == 0) return 0;
    const first: u32 = load<u8>(at);
    const after = skipValue(at, end, 1, scratch);
    if (after == 0) return 0;
    if (first == QUOTE) endTag(textAt, textBytes);
    else if (first == OPEN_OBJECT || first == OPEN_ARRAY) refuseTags();
    else endTag(at, first == LETTER_N ? 0 : <u32>(after - at));
    at = skipSpace(after, end);
    const next: u32 = load<u8>(at);
    if (next == CLOSE_OBJECT) break;
    if (next != COMMA) return refuse(CODE_JSON_MALFORMED);
    at = skipSpace(at + 1, end);
  }
  sealTags();
  return at + 1;
}
