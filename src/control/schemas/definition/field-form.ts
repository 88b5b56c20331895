import { z } from 'zod';
import { METRIC_NAME_BYTES_MAX, TEXT_BYTES_MAX } from '../../../../assembly/abi/limits.js';
import type { SchemaField } from '../../../contract/schemas/schema-plan.js';
import { textSchema } from '../../../http/input.js';
import { type Conversion, compose, conversionOf, convert, SAME } from '../units/convert.js';

const UNIT_BYTES_MAX = 32;

const finite = z.number('must be a number');
const flag = z.boolean('must be true or false').optional();
const unit = textSchema((value) => boundedProblem(value, UNIT_BYTES_MAX)).optional();
const types = ['number', 'integer', 'boolean', 'text', 'any'] as const;

export const metricSchema = textSchema((value) => boundedProblem(value, METRIC_NAME_BYTES_MAX));

/** What a definition says of one field. */
export const fieldForm = z.strictObject({
  type: z.enum(types, `must be one of ${types.join(', ')}`).optional(),
  required: flag,
  critical: flag,
  default: z.union([finite, z.string(), z.boolean()], 'must be a number, a text, true or false').optional(),
  rename: metricSchema.optional(),
  unit,
  to: unit,
  scale: finite.optional(),
  offset: finite.optional(),
  min: finite.optional(),
  max: finite.optional(),
  outside: z.enum(['reject', 'clamp', 'flag'], 'must be reject, clamp or flag').optional(),
  from_text: flag,
});
export type FieldForm = z.infer<typeof fieldForm>;

/** A field as it is stored, or what is wrong with it. `isOfSent`: range and default are about the value as it is sent. */
export function layField(name: string, form: FieldForm, isOfSent: boolean): SchemaField | string {
  const problem = boundedProblem(name, METRIC_NAME_BYTES_MAX);
  if (problem !== undefined) return problem;
  const conversion = conversionOfForm(form);
  if (typeof conversion === 'string') return conversion;
  const type = form.type ?? (isNumeric(form) ? 'number' : 'any');
  const range = rangeOf(form, isOfSent ? conversion : SAME);
  const wrong = contradiction(form, type, range, conversion);
  if (wrong !== undefined) return wrong;
  const stored = form.to ?? form.unit;
  return {
    name,
    ...(form.rename !== undefined && form.rename !== name && { metric: form.rename }),
    type,
    ...(form.required && { isRequired: true }),
    ...(form.critical && { isCritical: true }),
    ...(conversion.scale !== 1 && { scale: conversion.scale }),
    ...(conversion.offset !== 0 && { offset: conversion.offset }),
    ...(conversion.divisor !== 1 && { divisor: conversion.divisor }),
    ...range,
    ...(isBounded(range) && form.outside && { outside: form.outside }),
    ...(form.default !== undefined && { default: defaultOf(form.default, isOfSent ? conversion : SAME) }),
    ...(form.from_text && { readsText: true }),
    ...(stored !== undefined && { unit: stored }),
  };
}

function conversionOfForm({ unit: from, to, scale = 1, offset = 0 }: FieldForm): Conversion | string {
  if (scale === 0) return 'scale must not be 0';
  const own: Conversion = { scale, offset, divisor: 1 };
  if (to === undefined) return own;
  if (from === undefined) return 'to needs unit, the unit in which the value is sent';
  const units = conversionOf(from, to);
  return typeof units === 'string' ? `to ${units}` : compose(own, units);
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

function rangeOf({ min, max }: FieldForm, conversion: Conversion): Range {
  const bounds = {
    ...(min !== undefined && { min: convert(conversion, min) }),
    ...(max !== undefined && { max: convert(conversion, max) }),
  };
  if (conversion.scale > 0) return bounds;
  // What was the lower one is the upper one of values whose sign turns.
  return { ...(bounds.max !== undefined && { min: bounds.max }), ...(bounds.min !== undefined && { max: bounds.min }) };
}

function isBounded({ min, max }: Range): boolean {
  return min !== undefined || max !== undefined;
}

function isNumeric({ unit: from, scale, offset, min, max, from_text: readsText }: FieldForm): boolean {
  return [from, scale, offset, min, max, readsText].some((member) => member !== undefined);
}

function contradiction(form: FieldForm, type: SchemaField['type'], range: Range, conversion: Conversion): string | undefined {
  const isNumber = type === 'number' || type === 'integer';
  if (isNumeric(form) && !isNumber)
    return `type must be number or integer where the field has a unit, a scale, a range or from_text, and is ${type}`;
  if (range.min !== undefined && range.max !== undefined && range.min > range.max) return 'min must not be above max';
  if (form.outside !== undefined && !isBounded(range)) return 'outside needs min or max';
  if (form.default === undefined) return undefined;
  if (form.required) return 'default must not be there for a required field, which is never absent';
  if (typeof form.default === 'string' && Buffer.byteLength(form.default) > TEXT_BYTES_MAX)
    return `default must have at most ${TEXT_BYTES_MAX} bytes`;
  if (type === 'any') return undefined;
  const wanted = isNumber ? 'number' : type === 'text' ? 'string' : 'boolean';
  if (typeof form.default !== wanted) return `default must be of type ${type}`;
  if (type === 'integer' && !Number.isInteger(form.default) && conversion === SAME) return 'default must be a whole number';
  return undefined;
}

/** A boolean is stored as 1 or 0. */
function defaultOf(value: number | string | boolean, conversion: Conversion): number | string {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' ? Number(value) : convert(conversion, value);
}

/** What jsonb cannot keep is no text of a definition. */
export function boundedProblem(value: string, bytesMax: number): string | undefined {
  if (value === '' || Buffer.byteLength(value) > bytesMax) return `must have 1 to ${bytesMax} bytes`;
  return /\p{Cc}|\p{Surrogate}/u.test(value) ? 'must not hold control characters or lone surrogates' : undefined;
}
