import { CODE_TS_MALFORMED, CODE_TS_OUT_OF_RANGE } from '../abi/codes';
import { TS_AHEAD_US_MAX, TS_US_MIN } from '../abi/limits';
import { decimalExponent, decimalNegative, decimalWord, tenTo } from './number';
import { refuse } from './verdict';

/** The time that the last reader here accepted, in microseconds of the Unix epoch. */
export let timeUs: u64 = 0;

// Below these a number counts seconds, milliseconds, microseconds; from the last on, nanoseconds.
const SECONDS_END: u64 = 100000000000;
const MILLISECONDS_END: u64 = 100000000000000;
const MICROSECONDS_END: u64 = 100000000000000000;

const SECOND_US: i64 = 1000000;
const DAY_SECONDS: i64 = 86400;

/** Takes the time if it is plausible for a message received at `receiveUs`. Answers whether it did. */
@inline
function accept(us: u64, receiveUs: u64): bool {
  timeUs = us;
  return (us >= TS_US_MIN && us <= receiveUs + TS_AHEAD_US_MAX) || refuse(CODE_TS_OUT_OF_RANGE) != 0;
}

/**
 * Turns the number that readDecimal read into a time; its size tells its unit. Digits below the
 * microsecond are cut off, and no other digit is lost: no step goes through a double.
 */
@inline
export function acceptDecimalTime(receiveUs: u64): bool {
  if (decimalExponent == 0 && decimalWord < MILLISECONDS_END && !decimalNegative) {
    return accept(decimalWord < SECONDS_END ? decimalWord * 1000000 : decimalWord * 1000, receiveUs);
  }
  return acceptOtherDecimal(receiveUs);
}

function acceptOtherDecimal(receiveUs: u64): bool {
  const whole = scaled(decimalWord, decimalExponent);
  const digits = whole < SECONDS_END ? 6 : whole < MILLISECONDS_END ? 3 : whole < MICROSECONDS_END ? 0 : -3;
  const us = scaled(decimalWord, decimalExponent + digits);
  if (decimalNegative) return refuse(CODE_TS_OUT_OF_RANGE) != 0;
  return accept(us, receiveUs);
}

/** word * 10^power without its fraction, or the largest integer if it does not fit. */
function scaled(word: u64, power: i32): u64 {
  if (word == 0 || power < -19) return 0;
  if (power <= 0) return word / tenTo(-power);
  if (power > 19 || word > u64.MAX_VALUE / tenTo(power)) return u64.MAX_VALUE;
  return word * tenTo(power);
}

/** Two digits, or a number above 99. */
@inline
function twoDigits(at: usize): u32 {
  const tens: u32 = <u32>load<u8>(at) - 0x30;
  const ones: u32 = <u32>load<u8>(at, 1) - 0x30;
  return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

/** Days from 1970-01-01 to a date of the Gregorian calendar. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
function daysFromDate(year: i32, month: i32, day: i32): i32 {
  // Years that start in March put the leap day last; 400 of them make an era.
  const shifted = month <= 2 ? year - 1 : year;
  const era = (shifted >= 0 ? shifted : shifted - 399) / 400;
  const yearOfEra = shifted - era * 400;
  const dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

function daysInMonth(year: u32, month: u32): u32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return 30 + ((month + (month >> 3)) & 1);
}

let zoneSeconds: i64 = 0;

/** Reads `Z`, `+hh:mm` or `-hh:mm`, which must end at `end`, into zoneSeconds. RFC 3339 §5.6, time-offset. */
function readZone(at: usize, end: usize): bool {
  zoneSeconds = 0;
  if (at + 1 == end) return (load<u8>(at) | 0x20) == 0x7a;
  if (at + 6 != end || load<u8>(at, 3) != 0x3a) return false;
  const sign: u32 = load<u8>(at);
  const hours = twoDigits(at + 1);
  const minutes = twoDigits(at + 4);
  if ((sign != 0x2b && sign != 0x2d) || hours > 23 || minutes > 59) return false;
  zoneSeconds = <i64>(hours * 3600 + minutes * 60);
  if (sign == 0x2d) zoneSeconds = -zoneSeconds;
  return true;
}

let fractionUs: i64 = 0;

/** Reads one to nine digits into fractionUs, of which the last three are cut off. Answers the position after. */
function readFraction(at: usize, end: usize): usize {
  let scale: i64 = SECOND_US;
  const first = at;
  fractionUs = 0;
  while (at < end) {
    const digit: u32 = <u32>load<u8>(at) - 0x30;
    if (digit > 9) break;
    scale /= 10;
    fractionUs += <i64>digit * scale;
    at++;
  }
  return at == first || at > first + 9 ? 0 : at;
}

/**
 * Reads `YYYY-MM-DDThh:mm:ss[.fraction]zone`, with a space in place of the T if one likes. Answers
 * whether the time was accepted. RFC 3339 §5.6.
 */
export function acceptIsoTime(at: usize, bytes: u32, receiveUs: u64): bool {
  const end = at + bytes;
  if (bytes < 20 || load<u8>(at, 4) != 0x2d || load<u8>(at, 7) != 0x2d) return refuse(CODE_TS_MALFORMED) != 0;
  const between: u32 = load<u8>(at, 10);
  const separated = (between | 0x20) == 0x74 || between == 0x20;
  if (!separated || load<u8>(at, 13) != 0x3a || load<u8>(at, 16) != 0x3a) return refuse(CODE_TS_MALFORMED) != 0;
  const century = twoDigits(at);
  const yearOfCentury = twoDigits(at + 2);
  const month = twoDigits(at + 5);
  const day = twoDigits(at + 8);
  const hour = twoDigits(at + 11);
  const minute = twoDigits(at + 14);
  const second = twoDigits(at + 17);
  const year = century * 100 + yearOfCentury;
  if (century > 99 || yearOfCentury > 99 || month - 1 > 11 || hour > 23 || minute > 59 || second > 60) return refuse(CODE_TS_MALFORMED) != 0;
  if (day == 0 || day > daysInMonth(year, month)) return refuse(CODE_TS_MALFORMED) != 0;

  let zoneAt = at + 19;
  fractionUs = 0;
  if (load<u8>(zoneAt) == 0x2e) zoneAt = readFraction(zoneAt + 1, end);
  if (zoneAt == 0 || !readZone(zoneAt, end)) return refuse(CODE_TS_MALFORMED) != 0;
  const ofDay = <i64>(hour * 3600 + minute * 60 + second) - zoneSeconds;
  // A leap second ends a day of UTC, and counts as the first second of the next. RFC 3339 §5.7.
  if (second == 60 && ofDay % DAY_SECONDS != 0) return refuse(CODE_TS_MALFORMED) != 0;
  const seconds = <i64>daysFromDate(year, month, day) * DAY_SECONDS + ofDay;
  // A time before 1970 turns into one beyond any receive time, and is refused as that.
  return accept(<u64>(seconds * SECOND_US + fractionUs), receiveUs);
}
