import { isCodecFormat } from '../../contract/codecs/codec-name.js';
import type { SchemaPlan } from '../../contract/schemas/schema-plan.js';
import type { Comparable, Compatibility } from './compatibility.js';
import { type Definition, isRefused, type Problem, told } from './definition/definition.js';
import type { FormatChoice } from './definition/formats.js';
import { readDefinition } from './definition/read-definition.js';

/** One version of a schema, as it was given. It never changes. */
export interface SchemaVersion {
  /** From 1 on, within its schema. */
  readonly version: number;
  /** Over all schemas; messages in the log carry it. */
  readonly number: number;
  readonly major: number;
  readonly format: FormatChoice;
  readonly definition: unknown;
  readonly mode: SchemaPlan['mode'];
  /** With the version before it. */
  readonly compatibility: Compatibility;
  readonly createdAtMs: number;
}

/** A schema: what devices of a class send whose firmware is in a range. */
export interface Schema {
  readonly id: string;
  readonly tenant: string;
  readonly deviceClass: string;
  /** A range of versions. */
  readonly firmwareVersion: string;
  /** Ascending, the first one first. */
  readonly versions: readonly SchemaVersion[];
  /** Undefined: the latest version is used. */
  readonly pinned: number | undefined;
  /** No device is read by it any more, but those that name it. */
  readonly retiredAtMs: number | undefined;
}

const read = new WeakMap<SchemaVersion, Definition | readonly Problem[]>();

/** What the definition means; the problems, where this build cannot read what another one made. */
export function definitionOf(version: SchemaVersion): Definition | readonly Problem[] {
  const known = read.get(version);
  if (known) return known;
  const found = readDefinition(version.format, version.definition);
  read.set(version, found);
  return found;
}

/** Why this build cannot use the version; undefined: it can. */
export function problemOf(version: SchemaVersion): string | undefined {
  const definition = definitionOf(version);
  return isRefused(definition) ? told(definition) : undefined;
}

/** Without the codec that the format may name. */
export function planOf(version: Pick<SchemaVersion, 'number' | 'mode' | 'format'>, definition: Definition): SchemaPlan {
  const { number, mode, format } = version;
  const { protobuf, members, fields, others, firmwareField } = definition;
  return {
    number,
    mode,
    ...(format !== 'auto' && !isCodecFormat(format) && { format }),
    ...(protobuf && { protobuf }),
    ...(members && { members }),
    fields,
    others,
    ...(firmwareField !== undefined && { firmwareField }),
  };
}

export function comparableOf({ format, mode }: Pick<SchemaVersion, 'format' | 'mode'>, definition: Definition): Comparable {
  return { format, mode, definition };
}

/** The version of this number within the schema. */
export function versionOf(schema: Schema, version: number): SchemaVersion | undefined {
  return schema.versions.find((one) => one.version === version);
}

export function latestOf(schema: Schema): SchemaVersion {
  return schema.versions.at(-1) as SchemaVersion;
}

/** The version that devices are read by which name no other. */
export function usedOf(schema: Schema): SchemaVersion {
  return (schema.pinned !== undefined && versionOf(schema, schema.pinned)) || latestOf(schema);
}
