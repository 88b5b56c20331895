// How numbers and times read on every page. Digits are set in tabular figures, so widths stay put while values change.
const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const clockMinutes = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });

export function formatCount(count: number | undefined): string {
  return count === undefined || !Number.isFinite(count) ? '–' : grouped.format(count);
}

/** A rate: whole from 10 on, one decimal below. */
export function formatRate(perSecond: number | undefined): string {
  if (perSecond === undefined || !Number.isFinite(perSecond)) return '–';
  return perSecond < 10 && perSecond % 1 !== 0 ? perSecond.toFixed(1) : grouped.format(perSecond);
}

/** A reading's value: at most `digits` significant ones for numbers, text as it is. */
export function formatValue(value: unknown, digits = 6): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number') return value === null || value === undefined ? '–' : JSON.stringify(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  // More whole digits than asked for are still shown: rounding them to zeros would tell another number.
  if (Math.abs(value) >= 10 ** digits && Math.abs(value) < 1e15) return value.toFixed(0);
  const text = value.toPrecision(digits);
  if (text.includes('e')) return String(Number(text));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Units whose codes in UCUM are not what people write. */
const unitSigns: ReadonlyMap<string, string> = new Map([
  ['Cel', '°C'],
  ['[degF]', '°F'],
  ['deg', '°'],
  ['Ohm', 'Ω'],
  ['m2', 'm²'],
  ['m3', 'm³'],
  ['%RH', '% RH'],
]);

/** A unit as people write it: `Cel` is °C. */
export function formatUnit(code: string): string {
  return unitSigns.get(code) ?? code;
}

const ages: readonly [unit: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** "now", "12 s ago", "3 h ago"; a time ahead of the page's clock reads "in 5 min". */
export function formatAge(thenMs: number, nowMs: number): string {
  if (!Number.isFinite(thenMs)) return 'never';
  const seconds = Math.round(Math.abs(nowMs - thenMs) / 1000);
  if (seconds < 2) return 'now';
  const [unit, size] = ages.find(([, size]) => seconds >= size)!;
  const text = `${Math.floor(seconds / size)} ${unit}`;
  return thenMs > nowMs ? `in ${text}` : `${text} ago`;
}

/** A length of time: "38 ms", "2.4 s", "3 min". */
export function formatSpan(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const [unit, size] = ages.find(([, size]) => ms >= size * 1000)!;
  return `${Math.floor(ms / 1000 / size)} ${unit}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

export function formatClock(ms: number): string {
  return clock.format(ms);
}

export function formatClockMinutes(ms: number): string {
  return clockMinutes.format(ms);
}

export function formatMoment(ms: number): string {
  return Number.isFinite(ms) ? dayAndClock.format(ms) : 'never';
}

/** A word that a POSIX shell reads as exactly this text: device names reach command lines that people copy. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
