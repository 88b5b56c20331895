import { FORMAT_BY_SHAPE, FORMAT_CODEC } from '../../assembly/abi/block.js';
import { MESSAGE_METRICS_MAX, TEXT_BYTES_MAX } from '../../assembly/abi/limits.js';
import { PROFILE_NODE_BYTES } from '../../assembly/abi/profiles.js';
import {
  FIELD_ANY,
  FIELD_AT_ALIASED,
  FIELD_AT_DEFAULT,
  FIELD_AT_DEFAULT_BYTES,
  FIELD_AT_DIVISOR,
  FIELD_AT_FLAGS,
  FIELD_AT_MAX,
  FIELD_AT_METRIC,
  FIELD_AT_MIN,
  FIELD_AT_OFFSET,
  FIELD_AT_OUTSIDE,
  FIELD_AT_SCALE,
  FIELD_AT_TARGET,
  FIELD_AT_TYPE,
  FIELD_BOOLEAN,
  FIELD_BYTES,
  FIELD_CRITICAL,
  FIELD_DEFAULT_IS_TEXT,
  FIELD_HAS_DEFAULT,
  FIELD_INTEGER,
  FIELD_IS_ALIAS,
  FIELD_IS_PLAIN,
  FIELD_NUMBER,
  FIELD_RANGED,
  FIELD_READS_TEXT,
  FIELD_REQUIRED,
  FIELD_SCALED,
  FIELD_TEXT,
  FIELD_WANTED,
  OUTSIDE_CLAMP,
  OUTSIDE_FLAG,
  OUTSIDE_REJECT,
  SCHEMA_AT_CODEC,
  SCHEMA_AT_FIRMWARE,
  SCHEMA_AT_FLAGS,
  SCHEMA_AT_FORMAT,
  SCHEMA_AT_INDEX,
  SCHEMA_AT_INDEX_MASK,
  SCHEMA_AT_MEMBERS,
  SCHEMA_AT_PLAN,
  SCHEMA_AT_WANTED,
  SCHEMA_AT_WANTED_COUNT,
  SCHEMA_HASH,
  SCHEMA_HASH_SHIFT,
  SCHEMA_HEAD_BYTES,
  SCHEMA_REFUSES_OTHERS,
  SCHEMA_SKIPS_OTHERS,
  SCHEMA_STRICT,
} from '../../assembly/abi/schemas.js';
import { formatNames } from '../contract/content-types.js';
import type { SchemaField, SchemaPlan } from '../contract/schemas/schema-plan.js';
import { MemberNodes, sizeOfMembers } from './member-nodes.js';

const TYPES: Record<SchemaField['type'], number> = {
  number: FIELD_NUMBER,
  integer: FIELD_INTEGER,
  boolean: FIELD_BOOLEAN,
  text: FIELD_TEXT,
  any: FIELD_ANY,
};
const OUTSIDES = { reject: OUTSIDE_REJECT, clamp: OUTSIDE_CLAMP, flag: OUTSIDE_FLAG };
const OTHERS = { read: 0, skip: SCHEMA_SKIPS_OTHERS, refuse: SCHEMA_REFUSES_OTHERS };

/** Names of the metrics that a schema speaks of: they have to be numbered before it is laid. */
export function metricsOf({ fields, firmwareField }: SchemaPlan): string[] {
  const names = fields.flatMap(({ name, metric = name }) => [name, metric]);
  return [...new Set(firmwareField === undefined ? names : [...names, firmwareField])];
}

/**
 * The bytes by which a kernel reads messages of a schema version (abi/schemas.ts). `numberOf`: number of a metric, or undefined where its name
 * was denied one. Throws an Error that says what no kernel can have of a schema: too many fields, or two of one metric.
 */
export function schemaImage(plan: SchemaPlan, numberOf: (metric: string) => number | undefined): Uint8Array {
  return new SchemaImage(plan, numberOf).build();
}

interface Entry {
  readonly metric: number;
  readonly field: SchemaField;
  /** Place of the field under whose target it is met. */
  readonly aliased?: number;
}

class SchemaImage {
  readonly #plan: SchemaPlan;
  readonly #numberOf: (metric: string) => number;
  readonly #entries: readonly Entry[];
  readonly #slots: number;
  readonly #wanted: readonly number[];
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #textsEnd = 0;

  constructor(plan: SchemaPlan, numberOf: (metric: string) => number | undefined) {
    this.#plan = plan;
    this.#numberOf = (metric) => numberOf(metric) ?? 0;
    assertDistinct(plan);
    this.#entries = this.#makeEntries();
    this.#slots = 2 ** Math.ceil(Math.log2(this.#entries.length * 2 + 1));
    this.#wanted = plan.fields.flatMap((field, place) => (isWanted(field) ? [place] : []));
  }

  build(): Uint8Array {
    const { mode, format, codec, others, protobuf, members, firmwareField, fields } = this.#plan;
    const size = members ? sizeOfMembers('', members) : { nodes: 0, nameBytes: 0 };
    const textBytes = fields.reduce(
      (bytes, field) => bytes + (typeof field.default === 'string' ? Buffer.byteLength(field.default) : 0),
      0,
    );
    const indexAt = fieldAt(this.#entries.length);
    const wantedAt = indexAt + this.#slots * 4;
    const nodesAt = aligned(wantedAt + this.#wanted.length * 4);
    const namesAt = nodesAt + size.nodes * PROFILE_NODE_BYTES;
    this.#textsEnd = namesAt + size.nameBytes;
    const planAt = aligned(this.#textsEnd + textBytes);
    this.#bytes = new Uint8Array(planAt + (protobuf?.length ?? 0));
    this.#view = new DataView(this.#bytes.buffer);
    const word = (at: number, value: number) => this.#view.setUint32(at, value, true);
    word(SCHEMA_AT_FLAGS, (mode === 'strict' ? SCHEMA_STRICT : 0) | OTHERS[others]);
    word(SCHEMA_AT_FORMAT, codec ? FORMAT_CODEC : ((format && formatNames.get(format)) ?? FORMAT_BY_SHAPE));
    word(SCHEMA_AT_CODEC, codec?.number ?? 0);
    word(SCHEMA_AT_INDEX, indexAt);
    word(SCHEMA_AT_INDEX_MASK, this.#slots - 1);
    word(SCHEMA_AT_WANTED, wantedAt);
    word(SCHEMA_AT_WANTED_COUNT, this.#wanted.length);
    word(SCHEMA_AT_FIRMWARE, firmwareField === undefined ? 0 : this.#numberOf(firmwareField));
    for (const [place, entry] of this.#entries.entries()) this.#layField(place, entry, indexAt);
    for (const [index, place] of this.#wanted.entries()) word(wantedAt + index * 4, fieldAt(place));
    if (members)
      word(SCHEMA_AT_MEMBERS, new MemberNodes(this.#bytes.subarray(0, namesAt + size.nameBytes), nodesAt, namesAt).lay('', members));
    if (protobuf) {
      this.#bytes.set(protobuf, planAt);
      word(SCHEMA_AT_PLAN, planAt);
    }
    return this.#bytes;
  }

  /** The fields, then what is met under the metrics that fields are renamed to. */
  #makeEntries(): Entry[] {
    const { fields, others } = this.#plan;
    const names = new Set(fields.map(({ name }) => name));
    const entries: Entry[] = fields.map((field) => ({ metric: this.#numberOf(field.name), field }));
    if (others !== 'read') return entries;
    for (const [aliased, field] of fields.entries()) {
      const { name, metric = name } = field;
      if (!names.has(metric)) entries.push({ metric: this.#numberOf(metric), field, aliased });
    }
    return entries;
  }

  #layField(place: number, { metric, field, aliased }: Entry, indexAt: number): void {
    const at = fieldAt(place);
    const { name, scale = 1, offset = 0, divisor = 1, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = field;
    const target = this.#numberOf(field.metric ?? name);
    this.#view.setUint32(at + FIELD_AT_METRIC, metric, true);
    this.#view.setUint32(at + FIELD_AT_TARGET, target, true);
    this.#bytes[at + FIELD_AT_TYPE] = TYPES[field.type];
    this.#bytes[at + FIELD_AT_OUTSIDE] = OUTSIDES[field.outside ?? 'reject'];
    this.#view.setUint16(at + FIELD_AT_FLAGS, aliased === undefined ? flagsOf(field, target) : FIELD_IS_ALIAS, true);
    this.#view.setUint32(at + FIELD_AT_ALIASED, aliased === undefined ? 0 : fieldAt(aliased), true);
    const values = [
      [FIELD_AT_SCALE, scale],
      [FIELD_AT_OFFSET, offset],
      [FIELD_AT_DIVISOR, divisor],
      [FIELD_AT_MIN, min],
      [FIELD_AT_MAX, max],
    ] as const;
    for (const [where, value] of values) this.#view.setFloat64(at + where, value, true);
    if (aliased === undefined) this.#layDefault(at, field.default);
    // A name without a number is met in no payload.
    if (metric !== 0) this.#layIndex(metric, at, indexAt);
  }

  #layDefault(at: number, value: SchemaField['default']): void {
    if (typeof value === 'number') this.#view.setFloat64(at + FIELD_AT_DEFAULT, value, true);
    if (typeof value !== 'string') return;
    const bytes = Buffer.from(value);
    this.#bytes.set(bytes, this.#textsEnd);
    this.#view.setUint32(at + FIELD_AT_DEFAULT, this.#textsEnd, true);
    this.#view.setUint32(at + FIELD_AT_DEFAULT_BYTES, bytes.length, true);
    this.#textsEnd += bytes.length;
  }

  #layIndex(metric: number, at: number, indexAt: number): void {
    const slotAt = (slot: number) => indexAt + (slot & (this.#slots - 1)) * 4;
    let slot = Math.imul(metric, SCHEMA_HASH) >>> SCHEMA_HASH_SHIFT;
    while (this.#view.getUint32(slotAt(slot), true) !== 0) slot++;
    this.#view.setUint32(slotAt(slot), at, true);
  }
}

function fieldAt(place: number): number {
  return SCHEMA_HEAD_BYTES + place * FIELD_BYTES;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function isWanted({ isRequired, default: value }: SchemaField): boolean {
  return isRequired === true || value !== undefined;
}

function flagsOf(field: SchemaField, target: number): number {
  const { type, scale = 1, offset = 0, divisor = 1, min, max, default: value } = field;
  const isScaled = scale !== 1 || offset !== 0 || divisor !== 1;
  const isRanged = min !== undefined || max !== undefined;
  const isPlain = (type === 'number' || type === 'any') && !isScaled && target !== 0;
  return (
    (isPlain ? FIELD_IS_PLAIN : 0) |
    (field.isRequired ? FIELD_REQUIRED : 0) |
    (field.isCritical ? FIELD_CRITICAL : 0) |
    (value === undefined ? 0 : FIELD_HAS_DEFAULT) |
    (typeof value === 'string' ? FIELD_DEFAULT_IS_TEXT : 0) |
    (field.readsText && type !== 'text' ? FIELD_READS_TEXT : 0) |
    (isScaled ? FIELD_SCALED : 0) |
    (isRanged ? FIELD_RANGED : 0) |
    (isWanted(field) ? FIELD_WANTED : 0)
  );
}

function assertDistinct({ fields, number }: SchemaPlan): void {
  const refuse = (cause: string) => new Error(`cannot lay schema version ${number}: ${cause}`);
  if (fields.length > MESSAGE_METRICS_MAX) throw refuse(`it has more than ${MESSAGE_METRICS_MAX} fields`);
  if (new Set(fields.map(({ name }) => name)).size < fields.length) throw refuse('two of its fields have one name');
  if (new Set(fields.map(({ name, metric = name }) => metric)).size < fields.length)
    throw refuse('two of its fields are stored as one metric');
  const isOversize = ({ default: value }: SchemaField) => typeof value === 'string' && Buffer.byteLength(value) > TEXT_BYTES_MAX;
  if (fields.some(isOversize)) throw refuse(`a default is longer than ${TEXT_BYTES_MAX} bytes`);
}
