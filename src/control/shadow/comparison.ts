import type { ShadowReport } from '../../contract/answers/shadow-runs.js';
import { isoMicros } from '../queries/iso-micros.js';
import type { Trial, TrialReading } from '../topic-rules/trial-decoder.js';

const EXAMPLES_MAX = 5;
const FIELDS_MAX = 1000;

type Side = { readonly value: number | string; readonly ts: string } | null;

interface FieldCounts {
  same: number;
  changed: number;
  onlyBefore: number;
  onlyAfter: number;
  readonly examples: { readonly device: string; readonly before: Side; readonly after: Side }[];
}

/** What messages became, and what they would become, counted by field. */
export class Comparison {
  #messages = 0;
  #same = 0;
  readonly #fields = new Map<string, FieldCounts>();
  readonly #refused = { before: new Map<string, number>(), after: new Map<string, number>() };
  #firstUs = Number.POSITIVE_INFINITY;
  #lastUs = 0;

  get messages(): number {
    return this.#messages;
  }

  /** `device`: whose message it is, for the examples. */
  add(device: string, receivedUs: number, before: Trial, after: Trial): void {
    this.#messages++;
    this.#firstUs = Math.min(this.#firstUs, receivedUs);
    this.#lastUs = Math.max(this.#lastUs, receivedUs);
    for (const reason of before.reasons) count(this.#refused.before, reason);
    for (const reason of after.reasons) count(this.#refused.after, reason);
    const [old, fresh] = [byMetric(before.readings), byMetric(after.readings)];
    let isSame = before.reasons.join() === after.reasons.join();
    for (const metric of new Set([...old.keys(), ...fresh.keys()])) {
      if (!this.#compare(metric, device, old.get(metric) ?? [], fresh.get(metric) ?? [])) isSame = false;
    }
    if (isSame) this.#same++;
  }

  /** The fields in which most differs come first. */
  report(): ShadowReport {
    const fields = [...this.#fields].map(([field, { same, changed, onlyBefore, onlyAfter, examples }]) => {
      return { field, same, changed, only_before: onlyBefore, only_after: onlyAfter, examples };
    });
    const differing = (one: (typeof fields)[number]) => one.changed + one.only_before + one.only_after;
    fields.sort((a, b) => differing(b) - differing(a) || (a.field < b.field ? -1 : 1));
    const refused = { before: Object.fromEntries(this.#refused.before), after: Object.fromEntries(this.#refused.after) };
    const times = this.#messages === 0 ? { from: null, to: null } : { from: isoMicros(this.#firstUs), to: isoMicros(this.#lastUs) };
    return { messages: this.#messages, same: this.#same, ...times, refused, fields };
  }

  #compare(metric: string, device: string, before: readonly TrialReading[], after: readonly TrialReading[]): boolean {
    const counts = this.#countsOf(metric);
    let isSame = true;
    for (let at = 0; at < Math.max(before.length, after.length); at++) {
      const [old, fresh] = [before[at], after[at]];
      if (old && fresh && Object.is(old.value, fresh.value) && old.tsUs === fresh.tsUs) {
        counts.same++;
        continue;
      }
      isSame = false;
      if (old && fresh) counts.changed++;
      else if (old) counts.onlyBefore++;
      else counts.onlyAfter++;
      if (counts.examples.length < EXAMPLES_MAX) counts.examples.push({ device, before: sideOf(old), after: sideOf(fresh) });
    }
    return isSame;
  }

  /** Where there are too many names, the rest are one field. */
  #countsOf(metric: string): FieldCounts {
    const name = this.#fields.has(metric) || this.#fields.size < FIELDS_MAX ? metric : '(others)';
    const known = this.#fields.get(name);
    if (known) return known;
    const made = { same: 0, changed: 0, onlyBefore: 0, onlyAfter: 0, examples: [] };
    this.#fields.set(name, made);
    return made;
  }
}

function sideOf(reading: TrialReading | undefined): Side {
  return reading ? { value: reading.value, ts: isoMicros(reading.tsUs) } : null;
}

function byMetric(readings: readonly TrialReading[]): Map<string, TrialReading[]> {
  const found = new Map<string, TrialReading[]>();
  for (const reading of [...readings].sort((a, b) => a.tsUs - b.tsUs)) {
    const same = found.get(reading.metric);
    if (same) same.push(reading);
    else found.set(reading.metric, [reading]);
  }
  return found;
}

function count(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}
