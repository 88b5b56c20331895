import type { SchemaField, SchemaPlan } from '../../src/contract/schemas/schema-plan.js';

export type Values = Readonly<Record<string, number | string>>;

class Refused extends Error {}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** What a schema makes of one sample, in plain terms: its readings, or the reason for which it is refused. */
export function applyPlan({ fields, mode, others }: SchemaPlan, sample: Values): Values | string {
  const stored = new Map<string, number | string>();
  const met = new Set<SchemaField>();
  let first: string | undefined;
  const fault = (code: string, field?: SchemaField) => {
    first ??= code;
    if (mode === 'strict' || field?.isCritical) throw new Refused(code);
  };
  try {
    for (const [name, value] of Object.entries(sample)) {
      const field = fields.find((one) => one.name === name);
      const aliased = fields.find((one) => one.metric === name);
      if (!field && others === 'skip') continue;
      if (!field && others === 'refuse') fault('field_unexpected');
      else if (!field && aliased && met.has(aliased)) fault('metric_duplicate');
      else if (!field) {
        if (aliased) met.add(aliased);
        stored.set(name, value);
      } else if (met.has(field)) fault('metric_duplicate', field);
      else {
        met.add(field);
        const judged = judge(field, value);
        if (typeof judged === 'object') fault(judged.fault, field);
        else stored.set(field.metric ?? name, judged);
      }
    }
    for (const field of fields) {
      if (met.has(field)) continue;
      if (field.default !== undefined) stored.set(field.metric ?? field.name, field.default);
      else if (field.isRequired && (mode === 'strict' || field.isCritical)) fault('field_missing', field);
    }
  } catch (error) {
    return (error as Error).message;
  }
  return stored.size === 0 && first !== undefined ? first : Object.fromEntries(stored);
}

function judge(field: SchemaField, raw: number | string): number | string | { readonly fault: string } {
  const { type, readsText, scale = 1, offset = 0, divisor = 1, min = -Infinity, max = Infinity, outside = 'reject' } = field;
  const value = readsText && type !== 'text' && typeof raw === 'string' && NUMBER.test(raw) ? Number(raw) : raw;
  if (typeof value === 'string') return type === 'text' || type === 'any' ? value : { fault: 'field_type_invalid' };
  if (type === 'text') return { fault: 'field_type_invalid' };
  if (type === 'integer' && !Number.isInteger(value)) return { fault: 'field_type_invalid' };
  if (type === 'boolean' && value !== 0 && value !== 1) return { fault: 'field_type_invalid' };
  const scaled = (value * scale + offset) / divisor;
  if (!Number.isFinite(scaled)) return { fault: 'number_out_of_range' };
  if (scaled >= min && scaled <= max) return scaled;
  if (outside === 'reject') return { fault: 'field_out_of_range' };
  return outside === 'clamp' ? Math.max(Math.min(scaled, max), min) : scaled;
}
