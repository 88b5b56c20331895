import type { Definition, Problem } from './definition.js';
import { type DraftField, layFields } from './draft.js';
import { type FieldForm, fieldForm } from './field-form.js';
import { problemsOf } from './field-map.js';
import { membersOf, nameAt, namesPaths, plainNames } from './members.js';

type Json = Readonly<Record<string, unknown>>;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
/** Members that say nothing about what is valid. JSON Schema 2020-12, Validation §9, and Core §8.3; `format` is one of them unless said otherwise, §7. */
const annotations = ['$id', '$comment', '$defs', 'title', 'description', 'examples', 'deprecated', 'readOnly', 'writeOnly', 'format'];
const ofObject = new Set([...annotations, '$schema', '$ref', 'type', 'properties', 'required', 'additionalProperties', 'x-spillway']);
const ofArray = new Set([...annotations, '$schema', '$ref', 'type', 'prefixItems', 'items', 'x-spillway']);
const ofValue = new Set([...annotations, '$ref', 'type', 'minimum', 'maximum', 'default', 'x-spillway']);
const types: Readonly<Record<string, NonNullable<FieldForm['type']>>> = {
  number: 'number',
  integer: 'integer',
  boolean: 'boolean',
  string: 'text',
};
const NESTED_MAX = 32;
/** References may lead to one definition from many places, and from those again. */
const MEMBERS_MAX = 2048;
/** What `x-spillway` says beside what a field map says of a field. */
const roles = ['time', 'sequence', 'readings', 'samples', 'skip', 'firmware'] as const;
type Role = (typeof roles)[number];

/** Reads a subset of JSON Schema 2020-12; what is beyond it is refused with its path. */
export function readJsonSchema(definition: Json): Definition | readonly Problem[] {
  const reader = new Reader(definition);
  reader.read();
  const fields = layFields(reader.drafts, reader.problems);
  if (reader.problems.length > 0) return reader.problems;
  const { others, paths, firmware, remarks } = reader;
  const members = namesPaths(paths) ? membersOf(paths, firmware) : undefined;
  const named = firmware === undefined ? {} : { firmwareField: members ? nameAt(members, firmware) : firmware };
  return { fields, others, ...(members && { members }), ...named, wire: [], remarks };
}

class Reader {
  readonly drafts: DraftField[] = [];
  readonly problems: Problem[] = [];
  readonly remarks: string[] = [];
  readonly paths: { time?: string; sequence?: string; readings?: string; samples?: string; skip: string[] } = { skip: [] };
  firmware: string | undefined;
  others: 'read' | 'refuse' = 'read';
  readonly #root: Json;
  #members = 0;

  constructor(root: Json) {
    this.#root = root;
  }

  read(): undefined {
    const { $schema: dialect = DIALECT } = this.#root;
    if (dialect !== DIALECT) this.#refuse('$schema', `must be ${DIALECT}`);
    const root = this.#resolved(this.#root, '');
    // An array of samples is described by what each of them is.
    const isArray = root.type === 'array';
    const sample = isArray ? root.items : root;
    if (isArray) this.#check(root, ofArray, '', 'an array');
    if (!isObject(sample)) return this.#refuse('items', 'must be the schema of a sample');
    const path = isArray ? 'items' : '';
    const resolved = this.#resolved(sample, path);
    if (resolved.additionalProperties === false) this.others = 'refuse';
    this.#object(resolved, path, [], 1);
    this.#dropUnread(resolved, path);
  }

  /** Of a document that has its readings in `metrics` the other members are not read. */
  #dropUnread({ properties }: Json, path: string): void {
    if (!isObject(properties) || !isObject(properties.metrics) || this.paths.readings !== undefined) return;
    const metrics = this.#resolved(properties.metrics, path);
    if (metrics.type !== 'object' || metrics['x-spillway'] !== undefined) return;
    const read = join(path, 'properties.metrics.');
    for (const { path: at } of this.drafts) if (!at.startsWith(read)) this.remarks.push(`${at} is not read beside metrics`);
    this.drafts.splice(0, Number.POSITIVE_INFINITY, ...this.drafts.filter(({ path: at }) => at.startsWith(read)));
    if (this.firmware !== undefined) this.paths.readings = 'metrics';
  }

  /** `names`: of the members that lead to the object, without those that are opened. */
  #object(schema: Json, path: string, names: readonly string[], depth: number, documentNames = names): undefined {
    if (depth > NESTED_MAX) return this.#refuse(path, `must not nest deeper than ${NESTED_MAX} levels`);
    this.#check(schema, ofObject, path, 'an object');
    if (schema.type !== 'object') return this.#refuse(join(path, 'type'), 'must be object');
    const { properties = {}, required = [], additionalProperties = this.others === 'read' } = schema;
    if (!isObject(properties)) return this.#refuse(join(path, 'properties'), 'must be an object');
    if (!Array.isArray(required) || !required.every((name) => typeof name === 'string')) {
      return this.#refuse(join(path, 'required'), 'must be an array of names');
    }
    if (additionalProperties !== (this.others === 'read')) {
      this.#refuse(join(path, 'additionalProperties'), 'must be true or false, and the same at every level: it is about the whole message');
    }
    for (const name of required) {
      if (!Object.hasOwn(properties, name)) this.#refuse(join(path, 'required'), `names ${name}, which is not among the properties`);
    }
    for (const [name, property] of Object.entries(properties)) {
      if (++this.#members > MEMBERS_MAX) return this.#refuse(path, `must not lead to more than ${MEMBERS_MAX} members`);
      const at = join(path, `properties.${name}`);
      if (!isObject(property)) this.#refuse(at, 'must be an object');
      else this.#member(this.#resolved(property, at), at, name, { names, documentNames, depth, isRequired: required.includes(name) });
    }
  }

  #member(schema: Json, path: string, name: string, { names, documentNames, depth, isRequired }: Place): undefined {
    const { role, form } = this.#own(schema, path);
    const place = [...documentNames, name];
    const plain = names.length === 0 ? plainRole(name, schema) : undefined;
    const meant = role ?? (form ? undefined : plain);
    if (meant === 'time' || meant === 'sequence' || meant === 'skip') {
      if (isRequired) this.remarks.push(`${path} is not missed where it is absent: it is no reading`);
      if (meant === 'skip') this.paths.skip.push(place.join('.'));
      else if (role) this.paths[meant] = place.join('.');
      return;
    }
    if (meant === 'samples') this.paths.samples = place.join('.');
    if (meant === 'readings' && role) this.paths.readings = place.join('.');
    if (meant === 'firmware') this.firmware = place.join('.');
    const isOpen = meant === 'readings' || meant === 'samples';
    const inner = isOpen ? names : [...names, name];
    if (schema.type === 'object') {
      if (isRequired) this.remarks.push(`${path} is not missed as a whole: say which of its members are required`);
      return this.#object(schema, path, inner, depth + 1, place);
    }
    if (schema.type === 'array') return this.#array(schema, path, inner, { documentNames: place, depth, isSamples: meant === 'samples' });
    this.#value(schema, path, inner, form ?? {}, isRequired);
  }

  #array(schema: Json, path: string, names: readonly string[], { documentNames, depth, isSamples }: ArrayPlace): undefined {
    this.#check(schema, ofArray, path, 'an array');
    const { items, prefixItems } = schema;
    if (isSamples) {
      if (!isObject(items)) return this.#refuse(join(path, 'items'), 'must be the schema of a sample');
      return this.#object(this.#resolved(items, join(path, 'items')), join(path, 'items'), [], depth + 1, []);
    }
    if (!Array.isArray(prefixItems) || items !== undefined) {
      return this.#refuse(path, 'must name its elements one by one, in prefixItems: each is a metric of its own');
    }
    prefixItems.forEach((item: unknown, index) => {
      const at = join(path, `prefixItems.${index}`);
      if (!isObject(item)) this.#refuse(at, 'must be an object');
      else this.#member(this.#resolved(item, at), at, String(index), { names, documentNames, depth: depth + 1, isRequired: false });
    });
  }

  #value(schema: Json, path: string, names: readonly string[], form: FieldForm, isRequired: boolean): undefined {
    this.#check(schema, ofValue, path, 'a value');
    const type = this.#type(schema.type, path);
    const { minimum: min, maximum: max, default: otherwise } = schema;
    for (const [keyword, value] of [
      ['minimum', min],
      ['maximum', max],
    ] as const) {
      if (value !== undefined && typeof value !== 'number') this.#refuse(join(path, keyword), 'must be a number');
    }
    if (otherwise !== undefined && !['number', 'string', 'boolean'].includes(typeof otherwise)) {
      return this.#refuse(join(path, 'default'), 'must be a number, a text, true or false');
    }
    const own = { ...(typeof min === 'number' && { min }), ...(typeof max === 'number' && { max }) };
    const said = { ...(otherwise !== undefined && { default: otherwise as string }), ...(type !== undefined && { type }) };
    this.drafts.push({
      name: names.join('.'),
      path,
      form: { ...form, ...own, ...said, ...(isRequired && { required: true }) },
      isOfSent: true,
    });
  }

  /** Undefined: any. A null is no reading, whatever the type. */
  #type(type: unknown, path: string): FieldForm['type'] {
    if (type === undefined) return undefined;
    const names = (Array.isArray(type) ? type : [type]).filter((name) => name !== 'null');
    const found = names.map((name) => (typeof name === 'string' && Object.hasOwn(types, name) ? types[name] : undefined));
    if (found.length === 0 || found.includes(undefined))
      this.#refuse(join(path, 'type'), 'must be number, integer, boolean or string, with null or without');
    if (found.length === 1) return found[0];
    return found.every((name) => name === 'number' || name === 'integer') ? 'number' : 'any';
  }

  /** What `x-spillway` says: the member's part in the message, and what a field map says of a field. */
  #own(schema: Json, path: string): { role?: Role; form?: FieldForm } {
    const given = schema['x-spillway'];
    if (given === undefined) return {};
    const at = join(path, 'x-spillway');
    if (!isObject(given)) {
      this.#refuse(at, 'must be an object');
      return {};
    }
    const { as, ...rest } = given;
    for (const keyword of ['type', 'min', 'max', 'default', 'required']) {
      if (Object.hasOwn(rest, keyword)) this.#refuse(join(at, keyword), 'is for JSON Schema itself to say');
    }
    const parsed = fieldForm.safeParse(rest);
    if (!parsed.success) this.problems.push(...problemsOf(parsed.error, at));
    if (as !== undefined && !roles.includes(as as Role)) this.#refuse(join(at, 'as'), `must be one of ${roles.join(', ')}`);
    const form = parsed.success && Object.keys(rest).length > 0 ? { form: parsed.data } : {};
    return { ...form, ...(as !== undefined && { role: as as Role }) };
  }

  /** The schema that `$ref` names; beside it there may be no other keyword that is not an annotation. */
  #resolved(schema: Json, path: string, depth = 0): Json {
    const { $ref: ref } = schema;
    if (ref === undefined) return schema;
    const [, name = ''] = typeof ref === 'string' ? (/^#\/\$defs\/([^/]+)$/.exec(ref) ?? []) : [];
    const { $defs } = this.#root;
    const found = isObject($defs) && Object.hasOwn($defs, name) ? $defs[name] : undefined;
    if (!isObject(found) || depth > NESTED_MAX) {
      this.#refuse(join(path, '$ref'), 'must be #/$defs/ and the name of a definition that does not lead back to itself');
      return {};
    }
    const { $ref: _, ...beside } = schema;
    return this.#resolved({ ...found, ...beside }, path, depth + 1);
  }

  #check(schema: Json, known: ReadonlySet<string>, path: string, what: string): void {
    for (const keyword of Object.keys(schema)) {
      if (!known.has(keyword)) this.#refuse(join(path, keyword), `is not among the keywords that are checked of ${what}`);
    }
  }

  #refuse(path: string, problem: string): undefined {
    this.problems.push({ path, problem });
  }
}

interface Place {
  readonly names: readonly string[];
  readonly documentNames: readonly string[];
  readonly depth: number;
  readonly isRequired: boolean;
}

interface ArrayPlace extends Pick<Place, 'documentNames' | 'depth'> {
  readonly isSamples: boolean;
}

/** What a member of the message's own means in a document of no convention. */
function plainRole(name: string, { type }: Json): Role | undefined {
  if (type === 'object') return plainNames.readings.some((plain) => plain === name) ? 'readings' : undefined;
  if (type === 'array') return undefined;
  if (plainNames.time.some((plain) => plain === name)) return 'time';
  return plainNames.sequence.some((plain) => plain === name) ? 'sequence' : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
