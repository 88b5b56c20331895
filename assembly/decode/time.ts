import { CODE_TS_MALFORMED, CODE_TS_OUT_OF_RANGE } from '../abi/codes';
import { TS_AHEAD_US_MAX, TS_US_MIN } from '../abi/limits';
import { isoUs, readIsoTime } from './iso-time';
import { decimalExponent, decimalNegative, decimalWord, readWholeDecimal, setDecimal, tenTo } from './number';
import { hasTimeZone, secondsAhead } from './time-zone';
import { refuse } from './verdict';

/** The time that the last reader here accepted, in microseconds of the Unix epoch. */
export let timeUs: u64 = 0;

// Below these a number counts seconds, milliseconds, microseconds; from the last on, nanoseconds.
const SECONDS_END: u64 = 100000000000;
const MILLISECONDS_END: u64 = 100000000000000;
const MICROSECONDS_END: u64 = 100000000000000000;
const SECOND_US: i64 = 1000000;
/** Doubles from here on do not fit a word. */
const NANOSECONDS_END: f64 = 18446744073709551616.0;

/** Far beyond every plausible time, and two of them add up without running over. */
export const US_MAX: i64 = 4000000000000000000;

const DASH: u32 = 0x2d;
const LETTER_T: u32 = 0x74;
const LETTER_Z: u8 = 0x7a;
const SPACE: u32 = 0x20;

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

/** Takes a number of whole seconds since 1970. */
export function acceptSeconds(seconds: u64, receiveUs: u64): bool {
  return accept(seconds * 1000000, receiveUs);
}

/** word * 10^power without its fraction, or the largest integer if it does not fit. */
function scaled(word: u64, power: i32): u64 {
  if (word == 0 || power < -19) return 0;
  if (power <= 0) return word / tenTo(-power);
  if (power > 19 || word > u64.MAX_VALUE / tenTo(power)) return u64.MAX_VALUE;
  return word * tenTo(power);
}

/** Takes a whole number as a time; its size tells its unit. */
export function acceptWholeTime(magnitude: u64, negative: bool, receiveUs: u64): bool {
  setDecimal(magnitude, 0, negative);
  return acceptDecimalTime(receiveUs);
}

/** Takes a double as a time; its size tells its unit. It is the one nearest to what the device meant: so is the microsecond. */
export function acceptDoubleTime(value: f64, receiveUs: u64): bool {
  // Of one that is none of today's anyway only the side counts.
  if (!(value >= 1)) return refuse(value == value ? CODE_TS_OUT_OF_RANGE : CODE_TS_MALFORMED) != 0;
  if (value == trunc(value) && value < NANOSECONDS_END) return acceptWholeTime(<u64>value, false, receiveUs);
  if (value >= <f64>MILLISECONDS_END) return refuse(CODE_TS_OUT_OF_RANGE) != 0;
  return accept(<u64>nearest(value * (value < <f64>SECONDS_END ? 1e6 : 1e3)), receiveUs);
}

/** The number of seconds that readDecimal read, as microseconds without their fraction; at most US_MAX either way. */
export function decimalAsUs(): i64 {
  const us = <i64>min(scaled(decimalWord, decimalExponent + 6), <u64>US_MAX);
  return decimalNegative ? -us : us;
}

/** Takes microseconds of the Unix epoch, as a format's own type of time has them. */
export function acceptUs(us: i64, receiveUs: u64): bool {
  return us < 0 ? refuse(CODE_TS_OUT_OF_RANGE) != 0 : accept(<u64>us, receiveUs);
}

/** Takes a double of microseconds of the Unix epoch. */
export function acceptDoubleUs(value: f64, receiveUs: u64): bool {
  if (!(value >= 1 && value <= <f64>US_MAX)) return refuse(value == value ? CODE_TS_OUT_OF_RANGE : CODE_TS_MALFORMED) != 0;
  return accept(<u64>value, receiveUs);
}

/** Answers of acceptZoneless: 0 where the time is refused, or is none. */
export const ZONED: u32 = 1;
/** The message has no time zone: it is a time of no moment. */
export const ZONELESS: u32 = 2;

/** Takes a text that is a time of ISO 8601 but for its zone as one of the message's time zone. `room` takes a copy, and a byte after it. */
export function acceptZoneless(at: usize, bytes: u32, room: usize, receiveUs: u64): u32 {
  memory.copy(room, at, bytes);
  store<u8>(room + bytes, LETTER_Z);
  if (!readIsoTime(room, room + bytes + 1)) return 0;
  if (!hasTimeZone()) return ZONELESS;
  const us = <i64>isoUs;
  return <u32>acceptUs(us - secondsAhead(us / SECOND_US) * SECOND_US, receiveUs);
}

/**
 * Reads a time as text: ISO 8601, or the digits of a number, whose size tells its unit as that of a bare one does. The byte after the
 * text must be none that could continue a number. Answers whether the time was accepted.
 */
export function acceptTextTime(at: usize, bytes: u32, receiveUs: u64): bool {
  const end = at + bytes;
  if (bytes > 8) {
    // The date ends before the ninth byte: a date with dashes has one after its year, one without has its T there.
    const between: u32 = load<u8>(at, 8);
    if (load<u8>(at, 4) == DASH || between == SPACE || (between | 0x20) == LETTER_T) {
      return readIsoTime(at, end) ? accept(isoUs, receiveUs) : refuse(CODE_TS_MALFORMED) != 0;
    }
  }
  return readWholeDecimal(at, end + 1) == end ? acceptDecimalTime(receiveUs) : refuse(CODE_TS_MALFORMED) != 0;
}
