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
const ISO = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

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
  const us = typeof ts === 'number' ? usOfNumber(ts) : typeof ts === 'string' ? usOfIso(ts) : undefined;
  if (us === undefined || us < TS_US_MIN || us > receiveUs + TS_AHEAD_US_MAX) return undefined;
  return us;
}

function usOfNumber(ts: number): number {
  if (ts < 1e11) return Math.round(ts * 1e6);
  if (ts < 1e14) return Math.round(ts * 1e3);
  return Math.floor(ts < 1e17 ? ts : ts / 1e3);
}

function usOfIso(text: string): number | undefined {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || month === 0) return undefined;
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return undefined;
  const offset = (offsetHour * 60 + offsetMinute) * (match[8] === '-' ? -60 : 60);
  const seconds = date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset;
  if (second === 60 && seconds % 86_400 !== 0) return undefined;
  return seconds * 1e6 + Number((match[7] ?? '.').slice(1, 7).padEnd(6, '0'));
}
