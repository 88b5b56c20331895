import {
  JSON_DEPTH_MAX,
  MESSAGE_METRICS_MAX,
  METRIC_NAME_BYTES_MAX,
  TEXT_BYTES_MAX,
  TS_AHEAD_US_MAX,
  TS_US_MIN,
} from '../../assembly/abi/limits.js';
import type { Value } from './decoder.js';

export interface ReferenceDecoded {
  readings: [metric: string, value: Value][];
  tsUs: number | undefined;
  seq: number | undefined;
  nulls: number;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;

const isoForm = (dash: string, colon: string) => {
  const date = String.raw`(?<year>\d{4})${dash}(?<month>\d\d)${dash}(?<day>\d\d)`;
  const time = String.raw`(?<hour>\d\d)(?:${colon}(?<minute>\d\d)(?:${colon}(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?)?`;
  const zone = String.raw`(?:[Zz]|(?<sign>[+-])(?<zoneHour>\d\d)(?::?(?<zoneMinute>\d\d))?)`;
  return new RegExp(`^${date}[Tt ]${time}${zone}$`);
};
const EXTENDED = isoForm('-', ':');
const BASIC = isoForm('', '');

/**
 * What a payload holds by JSON.parse and Date, or undefined if it is to be refused: slow and plain, to
 * check the kernel against. A ts or seq that needs more digits than a double has is beyond it.
 */
export function decodeReference(payload: Uint8Array, receiveUs: number): ReferenceDecoded | undefined {
  let text: string;
  let root: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
    root = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(root) || !isObject(root.metrics) || !isSound(text)) return undefined;
  const entries = Object.entries(root.metrics);
  if (entries.length === 0 || entries.length > MESSAGE_METRICS_MAX) return undefined;
  if (!entries.every(([name, value]) => isName(name) && isValue(value))) return undefined;
  const tsUs = timeOf(root.ts ?? null, receiveUs);
  const seq = root.seq ?? null;
  if (tsUs === undefined || !(seq === null || (Number.isSafeInteger(seq) && (seq as number) >= 0))) return undefined;
  return {
    readings: entries
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, typeof value === 'boolean' ? Number(value) : (value as Value)]),
    tsUs: tsUs ?? undefined,
    seq: seq === null ? undefined : Math.abs(seq as number),
    nulls: entries.filter(([, value]) => value === null).length,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(name: string): boolean {
  const bytes = Buffer.byteLength(name);
  return bytes > 0 && bytes <= METRIC_NAME_BYTES_MAX && !/\p{Cc}/u.test(name);
}

function isValue(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && Buffer.byteLength(value) <= TEXT_BYTES_MAX;
  return typeof value === 'number' ? Number.isFinite(value) : value === null || typeof value === 'boolean';
}

/** Whether valid JSON keeps to the depth, has no lone surrogate, and names its own members and metrics once each. */
function isSound(text: string): boolean {
  const seen = new Set<string>();
  const path: string[] = [];
  const tokens = text.match(TOKEN) ?? [];
  for (const [index, token] of tokens.entries()) {
    if (token === '{' || token === '[') path.push('');
    else if (token === '}' || token === ']') path.pop();
    if (path.length > JSON_DEPTH_MAX) return false;
    if (!token.startsWith('"')) continue;
    const name = JSON.parse(token) as string;
    if (/\p{Surrogate}/u.test(name)) return false;
    if (tokens[index + 1] !== ':') continue;
    path[path.length - 1] = name;
    const counts = path.length === 1 ? ['ts', 'metrics', 'seq'].includes(name) : path.length === 2 && path[0] === 'metrics';
    const key = JSON.stringify(path);
    if (counts && seen.has(key)) return false;
    seen.add(key);
  }
  return true;
}

/** Microseconds, null if there is no time, undefined if it is to be refused. */
function timeOf(ts: unknown, receiveUs: number): number | null | undefined {
  if (ts === null) return null;
  const us = typeof ts === 'number' ? usOfNumber(ts) : typeof ts === 'string' ? usOfText(ts) : undefined;
  if (us === undefined || us < TS_US_MIN || us > receiveUs + TS_AHEAD_US_MAX) return undefined;
  return us;
}

function usOfNumber(ts: number): number {
  if (ts < 1e11) return Math.round(ts * 1e6);
  if (ts < 1e14) return Math.round(ts * 1e3);
  return Math.floor(ts < 1e17 ? ts : ts / 1e3);
}

function usOfText(text: string): number | undefined {
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return usOfNumber(Number(text));
  const parts = (EXTENDED.exec(text) ?? BASIC.exec(text))?.groups;
  if (!parts) return undefined;
  const part = (name: string) => Number(parts[name] ?? 0);
  const [hour, minute, second] = [part('hour'), part('minute'), part('second')];
  const date = new Date(0);
  date.setUTCFullYear(part('year'), part('month') - 1, part('day'));
  if (date.getUTCMonth() !== part('month') - 1 || date.getUTCDate() !== part('day')) return undefined;
  if (minute > 59 || second > 60 || part('zoneHour') > 23 || part('zoneMinute') > 59) return undefined;
  if (hour > 23 && !(hour === 24 && minute + second + part('fraction') === 0)) return undefined;
  const offset = (part('zoneHour') * 60 + part('zoneMinute')) * (parts.sign === '-' ? -60 : 60);
  const seconds = date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset;
  if (second === 60 && seconds % 86_400 !== 0) return undefined;
  return seconds * 1e6 + Number((parts.fraction ?? '').slice(0, 6).padEnd(6, '0'));
}
