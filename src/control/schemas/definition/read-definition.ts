import type { Definition, Problem } from './definition.js';
import { readFieldMap } from './field-map.js';
import type { FormatChoice } from './formats.js';
import { readJsonSchema } from './json-schema.js';
import { readProto } from './proto-definition.js';

/** Payloads that JSON Schema can describe. */
const likeJson: ReadonlySet<FormatChoice> = new Set(['json', 'ndjson', 'cbor', 'msgpack', 'auto']);

/** Reads a definition: JSON Schema, the text of a .proto file, or a field map. Answers what it means, or all that is wrong with it. */
export function readDefinition(format: FormatChoice, definition: unknown): Definition | readonly Problem[] {
  if (format === 'protobuf') return readProto(definition);
  if (typeof definition === 'string') return [refused(`must be an object where the format is ${format}`)];
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition)) return [refused('must be an object')];
  const isSchema = ['$schema', 'properties', 'items', '$ref'].some((keyword) => Object.hasOwn(definition, keyword));
  if (!isSchema) return readFieldMap(format, definition);
  if (!likeJson.has(format)) return [refused(`must be a field map, {"fields": {…}}, where the format is ${format}`)];
  return readJsonSchema(definition as Readonly<Record<string, unknown>>);
}

function refused(problem: string): Problem {
  return { path: '', problem };
}
