import type { SchemaField } from '../../contract/schemas/schema-plan.js';
import type { Definition } from './definition/definition.js';

export const COMPATIBILITIES = ['backward', 'forward', 'full', 'none'] as const;
/** `backward`: the new version reads what devices of the old one send. `forward`: who reads by the old version gets on with the new one. */
export type Compatibility = (typeof COMPATIBILITIES)[number];

/** What of a new version its predecessor's devices or readers would not bear. */
export interface Incompatibility {
  /** Name of the metric, or of the member of the definition. */
  readonly path: string;
  readonly change:
    | 'removed'
    | 'required'
    | 'added'
    | 'renamed'
    | 'retyped'
    | 'rescaled'
    | 'renumbered'
    | 'range'
    | 'others'
    | 'mode'
    | 'format';
  readonly message: string;
}

/** A version, as far as it is compared. */
export interface Comparable {
  readonly format: string;
  readonly mode: 'strict' | 'flexible';
  readonly definition: Definition;
}

type Broken = 'backward' | 'forward';
/** A change, and the compatibilities that it breaks. */
export type Difference = Incompatibility & { readonly breaks: readonly Broken[] };

const BOTH: readonly Broken[] = ['backward', 'forward'];

/** Everything in `next` that `compatibility` with `before` does not allow. */
export function incompatibilities(before: Comparable, next: Comparable, compatibility: Compatibility): Incompatibility[] {
  if (compatibility === 'none') return [];
  const wanted = compatibility === 'full' ? BOTH : [compatibility];
  return differences(before, next).flatMap(({ breaks, ...found }) => (breaks.some((broken) => wanted.includes(broken)) ? [found] : []));
}

/** Everything that is another in `next`, also what breaks nothing. */
export function differences(before: Comparable, next: Comparable): Difference[] {
  const found: Difference[] = [];
  const [old, fresh] = [before.definition, next.definition];
  if (before.format !== next.format) {
    found.push({ path: 'format', change: 'format', message: `was ${before.format} and is ${next.format}`, breaks: BOTH });
  }
  if (before.mode !== next.mode) {
    const breaks: Broken[] = next.mode === 'strict' ? ['backward'] : ['forward'];
    found.push({ path: 'mode', change: 'mode', message: `was ${before.mode} and is ${next.mode}`, breaks });
  }
  if (old.others !== fresh.others) {
    const breaks: readonly Broken[] = fresh.others === 'refuse' ? ['backward'] : old.others === 'refuse' ? ['forward'] : BOTH;
    found.push({ path: 'others', change: 'others', message: `was ${old.others} and is ${fresh.others}`, breaks });
  }
  const names = new Map(fresh.fields.map((field) => [field.name, field]));
  for (const field of old.fields) {
    const now = names.get(field.name);
    if (now) found.push(...changesOf(field, now));
    else found.push({ path: field.name, change: 'removed', message: 'is no longer there', breaks: BOTH });
  }
  const known = new Set(old.fields.map(({ name }) => name));
  for (const field of fresh.fields) if (!known.has(field.name)) found.push(...addition(field, old));
  const wireNames = new Set(old.wire.map(({ name }) => name));
  const wired = fresh.wire.filter(({ name }) => !wireNames.has(name));
  const added =
    old.wire.length === 0 ? [] : wired.map(({ name }): Difference => ({ path: name, change: 'added', message: 'is new', breaks: [] }));
  return [...found, ...wireChanges(old, fresh), ...added];
}

function addition({ name: path, isRequired }: SchemaField, { others }: Definition): Difference[] {
  if (isRequired) return [{ path, change: 'required', message: 'is new and required', breaks: ['backward'] }];
  if (others !== 'refuse') return [{ path, change: 'added', message: 'is new', breaks: [] }];
  return [{ path, change: 'added', message: 'is new, and the version before refuses what it does not name', breaks: ['forward'] }];
}

function changesOf(old: SchemaField, now: SchemaField): Difference[] {
  const path = old.name;
  const found: Difference[] = [];
  const [metric, newMetric] = [old.metric ?? path, now.metric ?? path];
  if (metric !== newMetric)
    found.push({ path, change: 'renamed', message: `was stored as ${metric} and is as ${newMetric}`, breaks: BOTH });
  if (old.type !== now.type) {
    found.push({ path, change: 'retyped', message: `was ${old.type} and is ${now.type}`, breaks: retyping(old.type, now.type) });
  }
  if (isRescaled(old, now) || (old.unit !== undefined && old.unit !== now.unit)) {
    found.push({ path, change: 'rescaled', message: `was stored as ${factorOf(old)} and is as ${factorOf(now)}`, breaks: BOTH });
  }
  if (old.isRequired !== now.isRequired) {
    const message = now.isRequired ? 'was optional and is required' : 'was required and is optional';
    found.push({ path, change: 'required', message, breaks: now.isRequired ? ['backward'] : ['forward'] });
  }
  if (old.unit === undefined && now.unit !== undefined && !isRescaled(old, now)) {
    found.push({ path, change: 'rescaled', message: `is said to be in ${now.unit}`, breaks: [] });
  }
  const breaks = rangeBreaks(old, now);
  if (breaks.length > 0) found.push({ path, change: 'range', message: `was ${rangeOf(old)} and is ${rangeOf(now)}`, breaks });
  return found;
}

/** Whoever takes the wider type takes the narrower one. */
function retyping(old: SchemaField['type'], now: SchemaField['type']): readonly Broken[] {
  if (now === 'any' || (old === 'integer' && now === 'number')) return ['forward'];
  return old === 'any' || (old === 'number' && now === 'integer') ? ['backward'] : BOTH;
}

function isRescaled(old: SchemaField, now: SchemaField): boolean {
  return factorOf({ ...old, unit: '' }) !== factorOf({ ...now, unit: '' });
}

function factorOf({ scale = 1, offset = 0, divisor = 1, unit = '' }: SchemaField): string {
  return `(value * ${scale} + ${offset}) / ${divisor}${unit && ` ${unit}`}`;
}

function rangeBreaks(old: SchemaField, now: SchemaField): Broken[] {
  const [low, high] = [old.min ?? Number.NEGATIVE_INFINITY, old.max ?? Number.POSITIVE_INFINITY];
  const [newLow, newHigh] = [now.min ?? Number.NEGATIVE_INFINITY, now.max ?? Number.POSITIVE_INFINITY];
  const breaks: Broken[] = [];
  if (newLow > low || newHigh < high) breaks.push('backward');
  if (newLow < low || newHigh > high) breaks.push('forward');
  return breaks;
}

function rangeOf({ min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: SchemaField): string {
  return `${min} to ${max}`;
}

/** Fields of Protobuf are known by their numbers. */
function wireChanges(old: Definition, fresh: Definition): Difference[] {
  const names = new Map(fresh.wire.map((field) => [field.name, field]));
  return old.wire.flatMap(({ name: path, number, type }): Difference[] => {
    const now = names.get(path);
    if (!now) return [{ path, change: 'removed', message: 'is no longer there', breaks: BOTH }];
    const found: Difference[] = [];
    if (now.number !== number)
      found.push({ path, change: 'renumbered', message: `had number ${number} and has ${now.number}`, breaks: BOTH });
    if (now.type !== type) found.push({ path, change: 'retyped', message: `was ${type} and is ${now.type}`, breaks: BOTH });
    return found;
  });
}
