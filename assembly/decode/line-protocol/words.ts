/** What booleanWord answers for a text that is no boolean. */
export const NO_WORD: u32 = 2;

const TRUE: u32 = 0x65757274;
const ALSE: u32 = 0x65736c61;
const LETTER_F: u32 = 0x66;
const LETTER_T: u32 = 0x74;
const LOWER: u32 = 0x20202020;

/** 1 or 0 for `t`, `true`, `f`, `false` in lower or upper case, or with a capital; else NO_WORD. */
export function booleanWord(at: usize, end: usize): u32 {
  const bytes = <u32>(end - at);
  const first = <u32>load<u8>(at) | 0x20;
  if (bytes == 1) return first == LETTER_T ? 1 : first == LETTER_F ? 0 : NO_WORD;
  if (bytes == 4) return (load<u32>(at) | LOWER) == TRUE ? 1 : NO_WORD;
  return bytes == 5 && first == LETTER_F && (load<u32>(at, 1) | LOWER) == ALSE ? 0 : NO_WORD;
}
