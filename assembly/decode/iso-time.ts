// Dates and times of ISO 8601-1:2019, in its extended form (2026-11-30T10:00:00+01:00) and its basic one (20261130T100000+0100), as
// RFC 3339 narrows them down where the two differ: with a zone, without weeks and days of the year. src/contract/iso-time.ts
// reads the same for queries, and a test holds the two together.

/** The time that readIsoTime read, in microseconds of the Unix epoch; of one before 1970, modulo 2^64. */
export let isoUs: u64 = 0;

const SECOND_US: i64 = 1000000;
const DAY_SECONDS: i64 = 86400;

const SPACE: u32 = 0x20;
const PLUS: u32 = 0x2b;
const COMMA: u32 = 0x2c;
const DASH: u32 = 0x2d;
const POINT: u32 = 0x2e;
const COLON: u32 = 0x3a;
const LETTER_T: u32 = 0x74;
const LETTER_Z: u32 = 0x7a;

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

/** What the last reader of a part left here. */
let zoneSeconds: i64 = 0;
let fractionUs: u32 = 0;
let fractionIsZero: bool = true;

/** Reads `Z`, `±hh`, `±hhmm` or `±hh:mm`, which must end at `end`, into zoneSeconds. ISO 8601-1 §4.3.13. */
function readZone(at: usize, end: usize): bool {
  const sign: u32 = load<u8>(at);
  zoneSeconds = 0;
  if (at + 1 == end) return (sign | 0x20) == LETTER_Z;
  if (sign != PLUS && sign != DASH) return false;
  const hours = twoDigits(at + 1);
  let minutes: u32 = 0;
  if (at + 6 == end && load<u8>(at, 3) == COLON) minutes = twoDigits(at + 4);
  else if (at + 5 == end) minutes = twoDigits(at + 3);
  else if (at + 3 != end) return false;
  if (hours > 23 || minutes > 59) return false;
  zoneSeconds = <i64>(hours * 3600 + minutes * 60);
  if (sign == DASH) zoneSeconds = -zoneSeconds;
  return true;
}

/** Reads one digit or more; those below the microsecond are cut off. Answers the position after, or 0. */
function readFraction(at: usize, end: usize): usize {
  const first = at;
  let scale: u32 = 100000;
  let us: u32 = 0;
  let digits: u32 = 0;
  while (at < end) {
    const digit: u32 = <u32>load<u8>(at) - 0x30;
    if (digit > 9) break;
    us += digit * scale;
    digits |= digit;
    scale /= 10;
    at++;
  }
  fractionUs = us;
  fractionIsZero = digits == 0;
  return at == first ? 0 : at;
}

/**
 * Reads `YYYY-MM-DDThh[:mm[:ss[.fraction]]]zone` or `YYYYMMDDThh[mm[ss[.fraction]]]zone`, which must end at `end`. For the T there may
 * be a space, for the point a comma. Positions only grow, and the zone has to end where the text does: so a part that is read
 * past the end is refused in the end.
 */
export function readIsoTime(at: usize, end: usize): bool {
  const century = twoDigits(at);
  const yearOfCentury = twoDigits(at + 2);
  const year = century * 100 + yearOfCentury;
  const isExtended = load<u8>(at, 4) == DASH;
  const gap = <usize>isExtended;
  const month = twoDigits(at + 4 + gap);
  const dayAt = at + 6 + 2 * gap;
  const day = twoDigits(dayAt);
  if (isExtended && load<u8>(dayAt - 1) != DASH) return false;
  if (century > 99 || yearOfCentury > 99 || month - 1 > 11 || day == 0 || day > daysInMonth(year, month)) return false;
  const between: u32 = load<u8>(dayAt, 2);
  if ((between | 0x20) != LETTER_T && between != SPACE) return false;

  const hour = twoDigits(dayAt + 3);
  let minute: u32 = 0;
  let second: u32 = 0;
  fractionUs = 0;
  fractionIsZero = true;
  at = dayAt + 5;
  if (continues(at, isExtended)) {
    minute = twoDigits(at + gap);
    at += 2 + gap;
    if (continues(at, isExtended)) {
      second = twoDigits(at + gap);
      at += 2 + gap;
      const mark: u32 = load<u8>(at);
      if (mark == POINT || mark == COMMA) {
        at = readFraction(at + 1, end);
        if (at == 0) return false;
      }
    }
  }
  if (minute > 59 || second > 60 || !readZone(at, end)) return false;
  // 24:00 is the end of the day, and nothing of it is later. ISO 8601-1 §5.3.1.1.
  if (hour > 23 && (hour != 24 || minute != 0 || second != 0 || !fractionIsZero)) return false;
  const ofDay = <i64>(hour * 3600 + minute * 60 + second) - zoneSeconds;
  // A leap second ends a day of UTC, and counts as the first second of the next. RFC 3339 §5.7.
  if (second == 60 && ofDay % DAY_SECONDS != 0) return false;
  const seconds = <i64>daysFromDate(year, month, day) * DAY_SECONDS + ofDay;
  isoUs = <u64>(seconds * SECOND_US + <i64>fractionUs);
  return true;
}

/** Whether minutes or seconds follow: after a colon in the extended form, at once in the basic one. */
@inline
function continues(at: usize, isExtended: bool): bool {
  const byte: u32 = load<u8>(at);
  return isExtended ? byte == COLON : byte - 0x30 <= 9;
}
