import type protobuf from 'protobufjs';
import { z } from 'zod';
import { compileProto, type FieldRule, type ProtoOptions, payloadType } from '../compile-proto.js';
import { kindOf } from '../proto-kinds.js';
import { ProtoRefused, parseProto } from '../proto-text.js';
import type { Definition, Problem, WireField } from './definition.js';
import { layFields } from './draft.js';
import { draftsOf, mapMembers, problemsOf } from './field-map.js';
import { plainNames } from './members.js';

const protoSchema = z.strictObject({
  proto: z.string('must be the text of a .proto file'),
  message: z.string('must be the name of a message').optional(),
  enums: z.enum(['numbers', 'names'], 'must be numbers or names').optional(),
  implicit: z.boolean('must be true or false').optional(),
  may_be_empty: z.boolean('must be true or false').optional(),
  time_unit: z.enum(['s', 'ms', 'us', 'ns'], 'must be s, ms, us or ns').optional(),
  fields: z.record(z.string(), z.unknown()).optional(),
  ...mapMembers,
});
type ProtoForm = z.infer<typeof protoSchema>;

/** A message that holds itself has no end of fields. */
const WIRE_DEPTH_MAX = 8;
const WIRE_FIELDS_MAX = 2048;

/** Reads the text of a .proto file, alone or with what it does not say: `{"proto": "…", "fields": {…}}`. */
export function readProto(definition: unknown): Definition | readonly Problem[] {
  const parsed = protoSchema.safeParse(typeof definition === 'string' ? { proto: definition } : definition);
  if (!parsed.success) return problemsOf(parsed.error, '');
  const { proto, fields: forms = {}, others = 'read', firmware } = parsed.data;
  const problems: Problem[] = [];
  const options = optionsOf(parsed.data, problems);
  const fields = layFields(draftsOf(forms, problems), problems);
  if (problems.length > 0) return problems;
  try {
    const plan = compileProto(proto, options);
    const wire = new Wire(options.fields ?? {});
    wire.add(payloadType(parseProto(proto), options.message));
    for (const { name } of fields)
      if (!wire.gives(name)) problems.push({ path: `fields.${name}`, problem: 'is the name of no field of the message' });
    if (problems.length > 0) return problems;
    return { protobuf: plan, fields, others, ...(firmware !== undefined && { firmwareField: firmware }), wire: wire.fields, remarks: [] };
  } catch (error) {
    if (error instanceof ProtoRefused) return [{ path: typeof definition === 'string' ? '' : 'proto', problem: error.problem }];
    throw error;
  }
}

function optionsOf(form: ProtoForm, problems: Problem[]): ProtoOptions {
  const { message, enums, implicit, may_be_empty: mayBeEmpty, time, time_unit: unit, sequence, readings, samples, skip = [] } = form;
  const rules: Record<string, FieldRule> = {};
  const put = (path: string | undefined, rule: FieldRule) => {
    if (path === undefined) return;
    if (rules[path]) problems.push({ path, problem: 'is named for two purposes' });
    rules[path] = rule;
  };
  if (unit !== undefined && time === undefined) problems.push({ path: 'time_unit', problem: 'needs time, the path of the field' });
  put(time, { as: 'time', ...(unit && { unit }) });
  put(sequence, { as: 'sequence' });
  put(readings, { as: 'open' });
  put(samples, { as: 'samples' });
  for (const path of skip) put(path, { as: 'skip' });
  return {
    ...(message !== undefined && { message }),
    ...(enums && { enums }),
    ...(implicit !== undefined && { implicit }),
    ...(mayBeEmpty !== undefined && { mayBeEmpty }),
    fields: rules,
  };
}

/** The fields of a payload, as its messages lie in each other. */
class Wire {
  readonly fields: WireField[] = [];
  readonly #rules: Readonly<Record<string, FieldRule>>;

  constructor(rules: Readonly<Record<string, FieldRule>>) {
    this.#rules = rules;
  }

  add(type: protobuf.Type, path = '', name = '', number = '', depth = 1): void {
    for (const field of type.fieldsArray) {
      if (this.fields.length === WIRE_FIELDS_MAX) return;
      const [at, own] = [join(path, field.name), join(number, String(field.id))];
      const inner = field.resolvedType;
      const isMessage = inner !== null && 'fieldsArray' in inner && kindOf(field) !== undefined && !inner.fullName.startsWith('.google.');
      const metric = this.#isOpen(at, field, depth) ? name : join(name, field.name);
      if (isMessage && depth < WIRE_DEPTH_MAX) this.add(inner as protobuf.Type, at, metric, own, depth + 1);
      else this.fields.push({ name: metric, number: own, type: `${field.repeated ? 'repeated ' : ''}${field.type}` });
    }
  }

  /** Whether readings may have this name. Those of repeated fields and of maps have one more level. */
  gives(name: string): boolean {
    return this.fields.some((field) => field.name === name || field.name === '' || name.startsWith(`${field.name}.`));
  }

  /** Whether what lies in the field is named without it. */
  #isOpen(path: string, field: protobuf.Field, depth: number): boolean {
    const rule = this.#rules[path]?.as;
    if (rule !== undefined) return rule === 'open' || rule === 'samples';
    return depth === 1 && !field.repeated && plainNames.readings.some((plain) => plain === field.name);
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
