// Times as text, for queries: the same forms, read the same, as the pipeline's kernel reads those of devices
// (assembly/decode/time.ts and iso-time.ts). A test compares the two readers on random texts.

const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const EXTENDED = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)$/;
const BASIC = /^(\d{4})(\d\d)(\d\d)[Tt ](\d\d)(?:(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)$/;

// Below these a number counts seconds, milliseconds, microseconds; from the last on, nanoseconds.
const SECONDS_END = 10n ** 11n;
const MILLISECONDS_END = 10n ** 14n;
const MICROSECONDS_END = 10n ** 17n;
/** Of a number with more digits before its point, none is a time. */
const DIGITS_MAX = 30;

const DAY_SECONDS = 86_400;

/**
 * The time in microseconds of the Unix epoch; digits below them are cut off. Either ISO 8601 with a zone, in its extended or its basic
 * form, or a number whose size tells its unit: seconds, milliseconds, microseconds or nanoseconds. Undefined: it is none of these.
 */
export function readTimeUs(text: string): bigint | undefined {
  const number = NUMBER.exec(text);
  if (number) return usOfNumber(number);
  const match = EXTENDED.exec(text) ?? BASIC.exec(text);
  return match ? usOfDate(match) : undefined;
}

function usOfNumber([, sign, whole = '', fraction = '', exponent = '0']: RegExpExecArray): bigint | undefined {
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return 0n;
  // Of digits with zeros before them the size is known only once these are gone.
  const power = Number(exponent) - fraction.length;
  if (String(digits).length + power > DIGITS_MAX) return undefined;
  const size = scaled(digits, power);
  const decimals = size < SECONDS_END ? 6 : size < MILLISECONDS_END ? 3 : size < MICROSECONDS_END ? 0 : -3;
  const us = scaled(digits, power + decimals);
  return sign === '-' ? -us : us;
}

/** digits * 10^power without its fraction. */
function scaled(digits: bigint, power: number): bigint {
  if (power >= 0) return digits * 10n ** BigInt(power);
  return -power > String(digits).length ? 0n : digits / 10n ** BigInt(-power);
}

function usOfDate(match: RegExpExecArray): bigint | undefined {
  const part = (index: number) => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const fraction = match[7] ?? '';
  const [zoneHours, zoneMinutes] = [part(9), part(10)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (month === 0 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (minute > 59 || second > 60 || zoneHours > 23 || zoneMinutes > 59) return undefined;
  // 24:00 is the end of the day, and nothing of it is later. ISO 8601-1 §5.3.1.1.
  if (hour > 24 || (hour === 24 && (minute !== 0 || second !== 0 || /[1-9]/.test(fraction)))) return undefined;
  const zoneSeconds = (zoneHours * 3600 + zoneMinutes * 60) * (match[8] === '-' ? -1 : 1);
  const seconds = date.getTime() / 1000 + hour * 3600 + minute * 60 + second - zoneSeconds;
  // A leap second ends a day of UTC, and counts as the first second of the next. RFC 3339 §5.7.
  if (second === 60 && seconds % DAY_SECONDS !== 0) return undefined;
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}

/** A time in ms of the Unix epoch as answers write it. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
