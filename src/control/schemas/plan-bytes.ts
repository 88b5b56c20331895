import {
  PLAN_AT_BYTES,
  PLAN_AT_FLAGS,
  PLAN_AT_TYPES,
  PLAN_FIELD_AT_ACTION,
  PLAN_FIELD_AT_ENUM,
  PLAN_FIELD_AT_FLAGS,
  PLAN_FIELD_AT_KIND,
  PLAN_FIELD_AT_NAME,
  PLAN_FIELD_AT_NAME_BYTES,
  PLAN_FIELD_AT_NUMBER,
  PLAN_FIELD_AT_ONEOF,
  PLAN_FIELD_AT_TYPE,
  PLAN_FIELD_AT_UNIT,
  PLAN_FIELD_BYTES,
  PLAN_HAS_SAMPLES,
  PLAN_HEAD_BYTES,
  PLAN_IMPLICIT,
  PLAN_MAP,
  PLAN_MAY_BE_EMPTY,
  PLAN_REPEATED,
  PLAN_TYPE_AT_FIELD_COUNT,
  PLAN_TYPE_AT_FIELDS,
  PLAN_TYPE_AT_FLAGS,
  PLAN_TYPE_AT_ONEOFS,
  PLAN_TYPE_BYTES,
  PLAN_TYPE_HAS_IMPLICIT,
  PLAN_VALUE_AT_NAME,
  PLAN_VALUE_AT_NAME_BYTES,
  PLAN_VALUE_AT_NUMBER,
  PLAN_VALUE_BYTES,
} from '../../../assembly/abi/plans.js';

export interface PlanField {
  readonly number: number;
  /** Empty: the field has the name of the message around it. */
  readonly name: string;
  /** PLAN_DOUBLE to PLAN_SECONDS. */
  readonly kind: number;
  /** PLAN_READ to PLAN_PASS. */
  readonly action: number;
  readonly unit: number;
  readonly isRepeated: boolean;
  readonly isImplicit: boolean;
  readonly isMap?: boolean;
  /** Number of the oneof that it is a member of, from 1 on. */
  readonly oneof?: number;
  /** Of a message or of a map's entry. */
  readonly type?: number;
  /** Names of an enum's values, where a reading is the name. */
  readonly values?: ReadonlyMap<number, string>;
}

export interface PlanType {
  /** Ascending by number. */
  readonly fields: readonly PlanField[];
}

/** Lays a plan as abi/plans.ts describes it; the first type is that of the payload. */
export function writePlan(types: readonly PlanType[], flags: { mayBeEmpty: boolean; hasSamples: boolean }): Uint8Array {
  return new PlanWriter(types).write((flags.mayBeEmpty ? PLAN_MAY_BE_EMPTY : 0) | (flags.hasSamples ? PLAN_HAS_SAMPLES : 0));
}

class PlanWriter {
  readonly #types: readonly PlanType[];
  readonly #head: Buffer;
  /** Values of enums and names, which follow the fields. */
  readonly #tail: Buffer[] = [];
  #tailEnd: number;
  readonly #names = new Map<string, number>();
  readonly #enums = new Map<ReadonlyMap<number, string>, number>();

  constructor(types: readonly PlanType[]) {
    this.#types = types;
    const fields = types.reduce((sum, type) => sum + type.fields.length, 0);
    this.#tailEnd = PLAN_HEAD_BYTES + types.length * PLAN_TYPE_BYTES + fields * PLAN_FIELD_BYTES;
    this.#head = Buffer.alloc(this.#tailEnd);
  }

  write(flags: number): Uint8Array {
    let fieldAt = PLAN_HEAD_BYTES + this.#types.length * PLAN_TYPE_BYTES;
    this.#types.forEach(({ fields }, index) => {
      const at = PLAN_HEAD_BYTES + index * PLAN_TYPE_BYTES;
      this.#head.writeUInt32LE(fieldAt, at + PLAN_TYPE_AT_FIELDS);
      this.#head.writeUInt16LE(fields.length, at + PLAN_TYPE_AT_FIELD_COUNT);
      this.#head[at + PLAN_TYPE_AT_FLAGS] = fields.some(({ isImplicit }) => isImplicit) ? PLAN_TYPE_HAS_IMPLICIT : 0;
      this.#head[at + PLAN_TYPE_AT_ONEOFS] = Math.max(0, ...fields.map(({ oneof = 0 }) => oneof));
      for (const field of fields) {
        this.#field(field, fieldAt);
        fieldAt += PLAN_FIELD_BYTES;
      }
    });
    this.#head.writeUInt32LE(this.#tailEnd, PLAN_AT_BYTES);
    this.#head.writeUInt32LE(flags, PLAN_AT_FLAGS);
    this.#head.writeUInt32LE(this.#types.length, PLAN_AT_TYPES);
    return Buffer.concat([this.#head, ...this.#tail]);
  }

  #field(field: PlanField, at: number): void {
    const { number, name, kind, action, unit, isRepeated, isImplicit, isMap = false, type = 0, oneof = 0, values } = field;
    this.#head.writeUInt32LE(number, at + PLAN_FIELD_AT_NUMBER);
    this.#head[at + PLAN_FIELD_AT_KIND] = kind;
    this.#head[at + PLAN_FIELD_AT_ACTION] = action;
    this.#head[at + PLAN_FIELD_AT_FLAGS] = (isRepeated ? PLAN_REPEATED : 0) | (isImplicit ? PLAN_IMPLICIT : 0) | (isMap ? PLAN_MAP : 0);
    this.#head[at + PLAN_FIELD_AT_ONEOF] = oneof;
    this.#head.writeUInt32LE(unit, at + PLAN_FIELD_AT_UNIT);
    this.#head.writeUInt32LE(this.#name(name), at + PLAN_FIELD_AT_NAME);
    this.#head.writeUInt16LE(Buffer.byteLength(name), at + PLAN_FIELD_AT_NAME_BYTES);
    this.#head.writeUInt16LE(type, at + PLAN_FIELD_AT_TYPE);
    this.#head.writeUInt32LE(values ? this.#values(values) : 0, at + PLAN_FIELD_AT_ENUM);
  }

  #append(bytes: Buffer): number {
    const at = this.#tailEnd;
    this.#tail.push(bytes);
    this.#tailEnd += bytes.length;
    return at;
  }

  #name(name: string): number {
    const at = this.#names.get(name) ?? this.#append(Buffer.from(name));
    this.#names.set(name, at);
    return at;
  }

  #values(values: ReadonlyMap<number, string>): number {
    const known = this.#enums.get(values);
    if (known !== undefined) return known;
    const sorted = [...values].sort(([a], [b]) => a - b);
    const bytes = Buffer.alloc(4 + sorted.length * PLAN_VALUE_BYTES);
    bytes.writeUInt32LE(sorted.length);
    sorted.forEach(([number, name], index) => {
      const at = 4 + index * PLAN_VALUE_BYTES;
      bytes.writeInt32LE(number, at + PLAN_VALUE_AT_NUMBER);
      bytes.writeUInt32LE(this.#name(name), at + PLAN_VALUE_AT_NAME);
      bytes.writeUInt32LE(Buffer.byteLength(name), at + PLAN_VALUE_AT_NAME_BYTES);
    });
    const at = this.#append(bytes);
    this.#enums.set(values, at);
    return at;
  }
}
