const DASH: u8 = 0x2d;
const ZERO: u8 = 0x30;

/** Writes a whole number in decimal digits, at most 20 and a sign; answers their bytes. */
export function writeDigits(to: usize, word: u64, isNegative: bool): u32 {
  let digits: u32 = isNegative ? 2 : 1;
  for (let rest = word; rest > 9; rest /= 10) digits++;
  let at = digits;
  do {
    store<u8>(to + --at, ZERO + <u8>(word % 10));
    word /= 10;
  } while (word != 0);
  if (isNegative) store<u8>(to, DASH);
  return digits;
}
