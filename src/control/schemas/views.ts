import type { SchemaAnswer, SchemaVersionsAnswer } from '../../contract/answers/schemas.js';
import { isoTime } from '../../contract/iso-time.js';
import type { SchemaField } from '../../contract/schemas/schema-plan.js';
import { isRefused } from './definition/definition.js';
import { definitionOf, latestOf, problemOf, type Schema, type SchemaVersion, usedOf } from './schema-version.js';

/** A schema without its versions, as the API shows it. */
export function stateOf(schema: Schema) {
  return {
    schema_id: schema.id,
    tenant: schema.tenant,
    device_class: schema.deviceClass,
    firmware_version: schema.firmwareVersion,
    used_version: usedOf(schema).version,
    pinned_version: schema.pinned ?? null,
    retired_at: schema.retiredAtMs === undefined ? null : isoTime(schema.retiredAtMs),
  };
}

/** A schema with its latest version. */
export function viewOf(schema: Schema, remarks?: readonly string[]): SchemaAnswer {
  return { ...stateOf(schema), ...fieldsOf(latestOf(schema)), ...(remarks && { remarks: [...remarks] }) };
}

/** A schema with all versions, the newest first. */
export function wholeViewOf(schema: Schema, devices: number): SchemaVersionsAnswer {
  const versions = schema.versions.toReversed().map((version) => {
    const definition = definitionOf(version);
    const read = isRefused(definition)
      ? { others: null, fields: [] }
      : { others: definition.others, fields: definition.fields.map(fieldOf) };
    return { ...fieldsOf(version), schema_definition: version.definition, ...read };
  });
  return { ...stateOf(schema), devices, versions };
}

function fieldsOf(version: SchemaVersion) {
  const { number, major, format, mode, compatibility, createdAtMs } = version;
  const problem = problemOf(version);
  const said = { version: version.version, number, major, format, mode, compatibility, created_at: isoTime(createdAtMs) };
  return { ...said, ...(problem !== undefined && { problem }) };
}

function fieldOf(field: SchemaField): SchemaVersionsAnswer['versions'][number]['fields'][number] {
  const { name, metric = name, type, isRequired = false, isCritical = false, unit = null, scale = 1, offset = 0, divisor = 1 } = field;
  const { min = null, max = null, outside = null, default: otherwise = null } = field;
  const isBounded = min !== null || max !== null;
  const range = { min, max, outside: isBounded ? (outside ?? 'reject') : null };
  return { name, metric, type, required: isRequired, critical: isCritical, unit, scale, offset, divisor, ...range, default: otherwise };
}
