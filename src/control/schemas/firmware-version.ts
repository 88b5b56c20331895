/** A version of firmware as devices write it: `v1.4.2`, `2.0`, `1.2.3.4`, `1.4.2-beta.2+build7`. */
export interface FirmwareVersion {
  /** One or more; those that are left out count as 0. */
  readonly numbers: readonly number[];
  /** After a `-`: such a version comes before the one without. Empty: there is none. */
  readonly prerelease: readonly string[];
}

const VERSION = /^v?(\d{1,15}(?:\.\d{1,15}){0,7})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

/** Undefined: the text is no version that has an order, and equals itself alone. */
export function parseVersion(text: string): FirmwareVersion | undefined {
  const [, numbers, prerelease] = VERSION.exec(text) ?? [];
  if (numbers === undefined) return undefined;
  return { numbers: numbers.split('.').map(Number), prerelease: prerelease === undefined ? [] : prerelease.split('.') };
}

/** Below 0: `a` is the older one. What comes before what: Semantic Versioning 2.0.0 §11, for any count of numbers. */
export function compareVersions(a: FirmwareVersion, b: FirmwareVersion): number {
  for (let at = 0; at < Math.max(a.numbers.length, b.numbers.length); at++) {
    const difference = (a.numbers[at] ?? 0) - (b.numbers[at] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length;
  for (let at = 0; at < Math.max(a.prerelease.length, b.prerelease.length); at++) {
    const difference = comparePrerelease(a.prerelease[at], b.prerelease[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function comparePrerelease(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumber && isOtherNumber) return Number(a) - Number(b);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}
