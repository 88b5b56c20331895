const AGES = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

// What a terminal would obey rather than show: control characters, and marks that turn the direction of writing.
const NOT_SHOWN = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A length of time in its largest whole unit: "38 ms", "12 s", "3 h". */
export function spanOf(ms: number): string {
  const [unit, size] = AGES.find(([, unitMs]) => ms >= unitMs) ?? ['ms', 1];
  return `${Math.floor(ms / size)} ${unit}`;
}

/** How long ago a time of the API was: "now", "12 s ago"; a time ahead of this machine's clock reads "in 5 min". */
export function ageOf(time: string, nowMs = Date.now()): string {
  const ms = nowMs - Date.parse(time);
  if (Math.abs(ms) < 1000) return 'now';
  return ms < 0 ? `in ${spanOf(-ms)}` : `${spanOf(ms)} ago`;
}

/** A time with its age beside it; a dash where there is none. */
export function withAge(time: string | null): string {
  return time === null ? '-' : `${time} (${ageOf(time)})`;
}

/** A value on one line: a number as it is, a text in quotes, so that 21 and "21" differ and no device writes to the terminal itself. */
export function valueText(value: number | string): string {
  if (typeof value === 'number') return String(value);
  return JSON.stringify(value).replaceAll(NOT_SHOWN, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
