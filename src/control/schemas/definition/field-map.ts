import { z } from 'zod';
import { textSchema } from '../../../http/input.js';
import type { Definition, Problem } from './definition.js';
import { layFields } from './draft.js';
import { boundedProblem, fieldForm } from './field-form.js';
import type { FormatChoice } from './formats.js';
import { membersOf, nameAt, namesPaths } from './members.js';

const PATH_BYTES_MAX = 255;

export const pathSchema = textSchema((value) => {
  if (value.split('.').some((level) => level === '' || level === '__proto__')) return 'must be names of members with a dot between two';
  return boundedProblem(value, PATH_BYTES_MAX);
});

const types = ['number', 'integer', 'boolean', 'text', 'any'] as const;
/** A type alone stands for a field of which there is no more to say. */
const short = z.enum(types, `must be an object, or one of ${types.join(', ')}`).transform((type) => ({ type }));

/** What a field map and the text of a .proto file have in common. */
export const mapMembers = {
  others: z.enum(['read', 'skip', 'refuse'], 'must be read, skip or refuse').optional(),
  time: pathSchema.optional(),
  sequence: pathSchema.optional(),
  readings: pathSchema.optional(),
  samples: pathSchema.optional(),
  skip: z.array(pathSchema, 'must be an array of paths').optional(),
  firmware: pathSchema.optional(),
};

const mapSchema = z.strictObject({ fields: z.record(z.string(), z.unknown()), ...mapMembers });

/** Formats whose payloads are documents: their members have places of which a definition may speak. */
const documents: ReadonlySet<FormatChoice> = new Set(['json', 'ndjson', 'cbor', 'msgpack', 'auto']);

/** Reads the short form: `{"fields": {"temperature": {"type": "number", "unit": "[degF]", "to": "Cel"}}}`. */
export function readFieldMap(format: FormatChoice, definition: unknown): Definition | readonly Problem[] {
  const parsed = mapSchema.safeParse(definition);
  if (!parsed.success) return problemsOf(parsed.error, '');
  const { fields: forms, others = 'read', firmware, ...paths } = parsed.data;
  const problems: Problem[] = [];
  const drafts = draftsOf(forms, problems);
  if (namesPaths(paths) && !documents.has(format))
    problems.push({ path: '', problem: `a payload of format ${format} has no members of other names` });
  const members = namesPaths(paths) ? membersOf(paths, firmware) : undefined;
  const fields = layFields(drafts, problems);
  if (problems.length > 0) return problems;
  const named = firmware === undefined ? {} : { firmwareField: members ? nameAt(members, firmware) : firmware };
  return { fields, others, ...(members && { members }), ...named, wire: [], remarks: [] };
}

/** The fields of a definition by the names of their metrics; what is wrong is added to `problems`. */
export function draftsOf(forms: Readonly<Record<string, unknown>>, problems: Problem[]) {
  return Object.entries(forms).flatMap(([name, form]) => {
    const path = `fields.${name}`;
    const parsed = typeof form === 'string' ? short.safeParse(form) : fieldForm.safeParse(form);
    if (parsed.success) return [{ name, path, form: parsed.data }];
    problems.push(...problemsOf(parsed.error, path));
    return [];
  });
}

export function problemsOf({ issues }: z.ZodError, at: string): Problem[] {
  return issues.flatMap((issue) => {
    const path = [...(at === '' ? [] : [at]), ...issue.path].join('.');
    if (issue.code !== 'unrecognized_keys') return [{ path, problem: issue.message }];
    return issue.keys.map((key) => ({ path: path === '' ? key : `${path}.${key}`, problem: 'is not known here' }));
  });
}
