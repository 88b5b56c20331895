import { writeDigits } from './digits';
import { ITEM_BOOLEAN, ITEM_NULL, ITEM_TEXT, ITEM_WHOLE, itemAt, itemKind, itemNegative, itemWord } from './item';
import { afterItems, hasNext, readItem, skipRest } from './items';
import { textRoom } from './sink';
import { beginTag, endTag, refuseTags, sealTags } from './tags';

const TRUE = memory.data<u8>([0x74, 0x72, 0x75, 0x65]);
const FALSE = memory.data<u8>([0x66, 0x61, 0x6c, 0x73, 0x65]);

/** Reads the map whose head was read as tags of the sample: whole numbers and booleans as JSON writes them; other values are no tags. */
export function readItemTags(at: usize, end: usize): usize {
  let rest = itemWord;
  while (hasNext(rest, at, end)) {
    at = readItem(at, end);
    if (at == 0) return 0;
    if (itemKind == ITEM_TEXT) {
      beginTag(itemAt, <u32>itemWord);
    } else {
      beginTag(textRoom, 0);
      refuseTags();
      at = skipRest(at, end, 1);
    }
    if (at != 0) at = readItem(at, end);
    if (at == 0) return 0;
    endItemTag();
    at = skipRest(at, end, 1);
    if (at == 0) return 0;
    rest--;
  }
  sealTags();
  return afterItems(rest, at, end);
}

function endItemTag(): void {
  if (itemKind == ITEM_TEXT) endTag(itemAt, <u32>itemWord);
  else if (itemKind == ITEM_WHOLE) endTag(textRoom, writeDigits(textRoom, itemWord, itemNegative));
  else if (itemKind == ITEM_BOOLEAN) endTag(itemWord != 0 ? TRUE : FALSE, itemWord != 0 ? 4 : 5);
  else if (itemKind == ITEM_NULL) endTag(textRoom, 0);
  else refuseTags();
}
