// Labels of a record, as bits. RFC 8428 §4.1, §4.2.

export const BASE_NAME: u32 = 1;
export const BASE_TIME: u32 = 2;
export const BASE_UNIT: u32 = 4;
export const BASE_VALUE: u32 = 8;
export const BASE_SUM: u32 = 16;
export const BASE_VERSION: u32 = 32;
export const NAME: u32 = 64;
export const UNIT: u32 = 128;
export const VALUE: u32 = 256;
export const TEXT_VALUE: u32 = 512;
export const BOOLEAN_VALUE: u32 = 1024;
export const SUM: u32 = 2048;
export const TIME: u32 = 4096;
export const UPDATE_TIME: u32 = 8192;
export const DATA_VALUE: u32 = 16384;

export const BASES: u32 = BASE_NAME | BASE_TIME | BASE_UNIT | BASE_VALUE | BASE_SUM | BASE_VERSION;
export const VALUES: u32 = VALUE | TEXT_VALUE | BOOLEAN_VALUE | DATA_VALUE;

/** In place of a label: what no reader has to know; and what every reader has to know, so that this one refuses it. §4.4. */
export const LABEL_OTHER: u32 = 0;
export const LABEL_DEMANDED: u32 = 0xffffffff;

const UNDERSCORE: u32 = 0x5f;

/** The label that a text is. */
export function labelOf(at: usize, bytes: u32): u32 {
  if (bytes == 0) return LABEL_OTHER;
  if (<u32>load<u8>(at + bytes - 1) == UNDERSCORE) return LABEL_DEMANDED;
  if (bytes > 4) return LABEL_OTHER;
  // Little-endian.
  const name = load<u32>(at) & (0xffffffff >> (32 - (bytes << 3)));
  if (name == 0x6e) return NAME;
  if (name == 0x75) return UNIT;
  if (name == 0x76) return VALUE;
  if (name == 0x74) return TIME;
  if (name == 0x73) return SUM;
  if (name == 0x7376) return TEXT_VALUE;
  if (name == 0x6276) return BOOLEAN_VALUE;
  if (name == 0x6476) return DATA_VALUE;
  if (name == 0x7475) return UPDATE_TIME;
  if (name == 0x6e62) return BASE_NAME;
  if (name == 0x7462) return BASE_TIME;
  if (name == 0x7562) return BASE_UNIT;
  if (name == 0x7662) return BASE_VALUE;
  if (name == 0x7362) return BASE_SUM;
  return name == 0x72657662 ? BASE_VERSION : LABEL_OTHER;
}

/** The label that a whole number of CBOR stands for. RFC 8428 §6, table 4. */
export function labelOfNumber(magnitude: u64, negative: bool): u32 {
  const number = <u32>min(magnitude, <u64>9);
  if (negative) {
    if (number == 1) return BASE_VERSION;
    if (number == 2) return BASE_NAME;
    if (number == 3) return BASE_TIME;
    if (number == 4) return BASE_UNIT;
    if (number == 5) return BASE_VALUE;
    return number == 6 ? BASE_SUM : LABEL_OTHER;
  }
  if (number == 0) return NAME;
  if (number == 1) return UNIT;
  if (number == 2) return VALUE;
  if (number == 3) return TEXT_VALUE;
  if (number == 4) return BOOLEAN_VALUE;
  if (number == 5) return SUM;
  if (number == 6) return TIME;
  if (number == 7) return UPDATE_TIME;
  return number == 8 ? DATA_VALUE : LABEL_OTHER;
}
