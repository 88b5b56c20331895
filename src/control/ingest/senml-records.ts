import { objectsOf } from './json-array.js';

type Json = Readonly<Record<string, unknown>>;

/** Labels whose values hold for the records after theirs as well, and what they are. RFC 8428 §4.1. */
const BASES = { bn: 'string', bt: 'number', bu: 'string', bv: 'number', bs: 'number', bver: 'number' } as const;
/** Labels of values and sums; a record without one only sets base values. */
const VALUES = ['v', 'vs', 'vb', 'vd', 's'];
/** Labels of a record of SenML, RFC 8428 §4.1 and §4.2. */
const LABELS = new Set([...Object.keys(BASES), ...VALUES, 'n', 'u', 't', 'ut']);
/** The URN of a device at the begin of a name, RFC 8428 §4.5.1 and RFC 9039 §4. */
const DEVICE = /^urn:(?:dev:[^:]*|uuid):[^:/_]*/;

/** Whether the first record of an array says that it is SenML: it has labels alone, and a base name or a named value. */
export function looksLikeSenml(first: Uint8Array): boolean {
  const record = recordOf(first);
  if (!record) return false;
  const isNamed = Object.hasOwn(record, 'bn') || (Object.hasOwn(record, 'n') && VALUES.some((label) => Object.hasOwn(record, label)));
  return isNamed && Object.keys(record).every((label) => LABELS.has(label));
}

/**
 * The records of a pack that hold something, each as a pack of its own with the base values that hold for it. Undefined: what holds for
 * some of them is not certain, or they speak of several devices, and the pack stands or falls as one.
 */
export function recordsOf(pack: Uint8Array): Uint8Array[] | undefined {
  const bases = new Map<string, string>();
  const devices = new Set<string>();
  const records: Uint8Array[] = [];
  for (const bytes of objectsOf(pack) ?? []) {
    const text = Buffer.from(bytes).toString();
    const record = recordOf(bytes);
    const own = Object.keys(BASES).filter((label) => text.includes(`"${label}"`));
    if (record ? !own.every((label) => isSure(text, record, label)) : own.length > 0) return undefined;
    for (const label of own) bases.set(label, JSON.stringify(record![label]));
    if (record && Object.keys(record).every((label) => label in BASES)) continue;
    const inherited = [...bases].filter(([label]) => !own.includes(label)).map(([label, value]) => `"${label}":${value},`);
    // A record without members is none either way.
    records.push(Buffer.from(`[{${inherited.join('')}${text.slice(1)}]`));
    const [device] = DEVICE.exec(`${bases.has('bn') ? JSON.parse(bases.get('bn')!) : ''}${record?.n ?? ''}`) ?? [];
    if (device !== undefined) devices.add(device);
  }
  return records.length > 0 && devices.size <= 1 ? records : undefined;
}

/** Whether a base value is there once, and is what it has to be. */
function isSure(text: string, record: Json, label: string): boolean {
  const isOnce = text.indexOf(`"${label}"`) === text.lastIndexOf(`"${label}"`);
  return isOnce && Object.hasOwn(record, label) && typeof record[label] === BASES[label as keyof typeof BASES];
}

function recordOf(bytes: Uint8Array): Json | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
