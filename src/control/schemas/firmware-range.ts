import { compareVersions, type FirmwareVersion, parseVersion } from './firmware-version.js';

// Ranges of firmware versions, in the words of npm's package files:
//
//   *                 every version, and a device that has said none
//   1.4.2             this one; 1.4, 1.4.x, 1.x: every version that begins so
//   >=1.2 <2          all of the comparisons apply
//   ^1.4.2  ~1.4.2    up to the next first number; up to the next second one
//   1.x || >=3        either
//   R12B              a text that is no version equals itself alone

interface Bound {
  readonly version: FirmwareVersion;
  readonly isIncluded: boolean;
}

/** What one of the alternatives of a range takes. */
interface Span {
  /** A text that is no version. */
  readonly text?: string;
  readonly from?: Bound;
  readonly to?: Bound;
}

export interface FirmwareRange {
  readonly spans: readonly Span[];
}

const PARTIAL = /^v?(\d+(?:\.\d+)*)?((?:\.?[xX*])*)$/;
const COMPARISON = /^(>=|<=|>|<|=|\^|~)?\s*(.+)$/;
/** Of texts that are meant as a range and are none. */
const LOOKS_LIKE_RANGE = /[<>=^~|*\s]/;

/** Undefined: the text is no range. */
export function parseRange(text: string): FirmwareRange | undefined {
  const spans: Span[] = [];
  for (const alternative of text.split('||')) {
    const span = parseSpan(alternative.trim());
    if (!span) return undefined;
    spans.push(span);
  }
  return { spans };
}

function parseSpan(text: string): Span | undefined {
  if (text === '') return undefined;
  let span: Span = {};
  for (const part of text.replace(/(>=|<=|>|<|=|\^|~)\s+/g, '$1').split(/\s+/)) {
    const [, operator = '', version = ''] = COMPARISON.exec(part) ?? [];
    const one = spanOf(operator, version);
    if (!one) return operator === '' && part === text && !LOOKS_LIKE_RANGE.test(text) ? { text } : undefined;
    span = { ...span, ...one };
  }
  return span;
}

function spanOf(operator: string, text: string): Span | undefined {
  const [, digits, wild = ''] = PARTIAL.exec(text) ?? [];
  if (digits === undefined && wild !== '') return operator === '' ? {} : undefined;
  const version = parseVersion(wild === '' ? text : (digits ?? ''));
  if (!version) return undefined;
  const isWhole = wild === '' && (version.numbers.length > 2 || version.prerelease.length > 0);
  const from = { version, isIncluded: true };
  if (operator === '>=') return { from };
  if (operator === '>')
    return { from: isWhole ? { version, isIncluded: false } : { version: nextOf(version, version.numbers.length), isIncluded: true } };
  if (operator === '<') return { to: { version: isWhole ? version : floorOf(version), isIncluded: false } };
  if (operator === '<=') return { to: isWhole ? from : below(version, version.numbers.length) };
  if (operator === '^') return { from, to: below(version, Math.max(1, version.numbers.findIndex((number) => number > 0) + 1)) };
  if (operator === '~') return { from, to: below(version, Math.min(2, version.numbers.length)) };
  return isWhole
    ? { from, to: from }
    : { from: { version: floorOf(version), isIncluded: true }, to: below(version, version.numbers.length) };
}

/** The first version whose first `count` numbers come after those of this one: not even a pre-release of it is below the bound. */
function below(version: FirmwareVersion, count: number): Bound {
  return { version: floorOf(nextOf(version, count)), isIncluded: false };
}

function nextOf({ numbers }: FirmwareVersion, count: number): FirmwareVersion {
  return { numbers: numbers.slice(0, count).map((number, at) => (at === count - 1 ? number + 1 : number)), prerelease: [] };
}

function floorOf({ numbers, prerelease }: FirmwareVersion): FirmwareVersion {
  return { numbers, prerelease: prerelease.length > 0 ? prerelease : ['0'] };
}

/** How closely a range says this firmware; null: it does not. The higher one is closer: an exact version, then the later begin, then `*`. */
export interface Closeness {
  readonly rank: 0 | 1 | 2;
  readonly from: FirmwareVersion | undefined;
}

/** `firmware`: as the device said it; null: it said none. */
export function closeness(range: FirmwareRange, firmware: string | null): Closeness | null {
  const version = firmware === null ? undefined : parseVersion(firmware);
  let best: Closeness | null = null;
  for (const span of range.spans) {
    const found = closenessOf(span, firmware, version);
    if (found && (best === null || compareCloseness(found, best) > 0)) best = found;
  }
  return best;
}

export function compareCloseness(a: Closeness, b: Closeness): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (!a.from || !b.from) return (a.from ? 1 : 0) - (b.from ? 1 : 0);
  return compareVersions(a.from, b.from);
}

function closenessOf({ text, from, to }: Span, firmware: string | null, version: FirmwareVersion | undefined): Closeness | null {
  if (text !== undefined) return text === firmware ? { rank: 2, from: undefined } : null;
  if (!from && !to) return { rank: 0, from: undefined };
  if (!version) return null;
  const [above, below] = [from && compareVersions(version, from.version), to && compareVersions(version, to.version)];
  if (above !== undefined && (from?.isIncluded ? above < 0 : above <= 0)) return null;
  if (below !== undefined && (to?.isIncluded ? below > 0 : below >= 0)) return null;
  return { rank: from !== undefined && from === to ? 2 : 1, from: from?.version };
}
