import protobuf from 'protobufjs';
import { METRIC_NAME_BYTES_MAX } from '../../../assembly/abi/limits.js';
import {
  PLAN_BYTES,
  PLAN_IS_SEQ,
  PLAN_IS_TS,
  PLAN_MESSAGE,
  PLAN_ONEOFS_MAX,
  PLAN_OPEN,
  PLAN_PASS,
  PLAN_READ,
  PLAN_SAMPLES,
  PLAN_SECONDS,
  PLAN_STRING,
  PLAN_UNIT_BY_SIZE,
  PLAN_UNIT_MS,
  PLAN_UNIT_NS,
  PLAN_UNIT_S,
  PLAN_UNIT_US,
} from '../../../assembly/abi/plans.js';
import { type PlanField, type PlanType, writePlan } from './plan-bytes.js';
import { kindOf, wrappedFields } from './proto-kinds.js';
import { ProtoRefused, parseProto } from './proto-text.js';

/** What one field means, other than what its name and type say. */
export interface FieldRule {
  /** `open`: the fields of a message, or the keys of a map, are named without it. `samples`: each element is a sample of its own. */
  readonly as: 'reading' | 'open' | 'skip' | 'time' | 'sequence' | 'samples';
  /** Of a time that is a number; otherwise its size tells it. */
  readonly unit?: 's' | 'ms' | 'us' | 'ns';
}

export interface ProtoOptions {
  /** Full name of the payload's message; may be left out where the text has one that no other message holds. */
  readonly message?: string;
  /** By path from the payload's message on: `status.code`. */
  readonly fields?: Readonly<Record<string, FieldRule>>;
  /** What an enum's reading is; numbers unless said otherwise. */
  readonly enums?: 'numbers' | 'names';
  /** Whether a field that proto3 leaves out when it is 0 is a reading when it is absent; so unless said otherwise. */
  readonly implicit?: boolean;
  /** Whether a payload without any reading is stored rather than refused. */
  readonly mayBeEmpty?: boolean;
}

const FIELDS_MAX = 2048;
const TYPES_MAX = 1024;

const actions = { reading: PLAN_READ, open: PLAN_OPEN, time: PLAN_IS_TS, sequence: PLAN_IS_SEQ, samples: PLAN_SAMPLES } as const;
const units = { s: PLAN_UNIT_S, ms: PLAN_UNIT_MS, us: PLAN_UNIT_US, ns: PLAN_UNIT_NS } as const;

/** Members that a payload without a rule means as JSON of the same shape does. */
const timeNames: readonly string[] = ['ts', 'timestamp', 'time'];
const openNames: readonly string[] = ['metrics', 'values', 'readings'];

/** Compiles the text of a .proto file to the plan by which kernels read its messages. Throws ProtoRefused. */
export function compileProto(text: string, options: ProtoOptions = {}): Uint8Array {
  const root = parseProto(text);
  const compiler = new Compiler(options);
  compiler.typeOf(payloadType(root, options.message), '', true);
  compiler.checkRules();
  return writePlan(compiler.types, { mayBeEmpty: options.mayBeEmpty ?? false, hasSamples: compiler.hasSamples });
}

/** The message that a payload is. Throws ProtoRefused. */
export function payloadType(root: protobuf.Root, name: string | undefined): protobuf.Type {
  const own = typesBelow(root);
  if (name !== undefined) {
    const found = own.find(({ fullName }) => fullName === `.${name.replace(/^\./, '')}`) ?? own.find((type) => type.name === name);
    if (!found) throw new ProtoRefused(`there is no message ${name}`);
    return found;
  }
  const inner = new Set(own.flatMap(({ fieldsArray }) => fieldsArray.map(({ resolvedType }) => resolvedType?.fullName)));
  const outer = own.filter(({ fullName, parent }) => !inner.has(fullName) && !(parent instanceof protobuf.Type));
  const [only, other] = own.length === 1 ? own : outer;
  if (!only || other) throw new ProtoRefused(`the text has ${own.length} messages: say which of them is the payload's`);
  return only;
}

function typesBelow(namespace: protobuf.NamespaceBase): protobuf.Type[] {
  return namespace.nestedArray.flatMap((one) => {
    if (one.fullName === '.google.protobuf' || !(one instanceof protobuf.Namespace)) return [];
    return [...(one instanceof protobuf.Type ? [one] : []), ...typesBelow(one)];
  });
}

class Compiler {
  readonly types: PlanType[] = [];
  hasSamples = false;
  readonly #rules: ReadonlyMap<string, FieldRule>;
  readonly #options: ProtoOptions;
  readonly #unused: Set<string>;
  readonly #known = new Map<string, number>();
  readonly #enums = new Map<protobuf.Enum, ReadonlyMap<number, string>>();

  constructor(options: ProtoOptions) {
    this.#options = options;
    this.#rules = new Map(Object.entries(options.fields ?? {}));
    this.#unused = new Set(this.#rules.keys());
  }

  checkRules(): void {
    const [path] = this.#unused;
    if (path !== undefined) throw new ProtoRefused(`no field of the payload has the path ${path}`);
  }

  /** Number of the message type at a path. Paths share one unless a rule is about a field below. `isSample`: its time and sequence count. */
  typeOf(type: protobuf.Type, path: string, isSample: boolean): number {
    const hasRules = [...this.#rules.keys()].some((rule) => path === '' || rule.startsWith(`${path}.`));
    const key = `${type.fullName} ${isSample} ${hasRules ? path : ''}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.types.length === TYPES_MAX) throw new ProtoRefused(`the payload has more than ${TYPES_MAX} types of messages`);
    const fields: PlanField[] = [];
    const number = this.types.push({ fields }) - 1;
    this.#known.set(key, number);
    const own = type.fieldsArray.toSorted((a, b) => a.id - b.id);
    if (own.length > FIELDS_MAX) throw new ProtoRefused(`message ${type.name} has more than ${FIELDS_MAX} fields`);
    const oneofs = oneofsOf(type);
    if (oneofs.length > PLAN_ONEOFS_MAX) throw new ProtoRefused(`message ${type.name} has more than ${PLAN_ONEOFS_MAX} oneofs`);
    for (const field of own) {
      const compiled = this.#field(field, path === '' ? field.name : `${path}.${field.name}`, isSample, number === 0);
      const oneof = field.partOf ? oneofs.indexOf(field.partOf) + 1 : 0;
      if (compiled) fields.push(oneof === 0 ? compiled : { ...compiled, oneof });
      else if (oneof !== 0) fields.push({ ...passedOver(field), oneof });
    }
    return number;
  }

  /** Undefined: it says nothing, and is passed over. */
  #field(field: protobuf.Field, path: string, isSample: boolean, isRoot: boolean): PlanField | undefined {
    const rule = this.#rules.get(path);
    this.#unused.delete(path);
    if (rule?.as === 'skip') return undefined;
    if (Buffer.byteLength(field.name) > METRIC_NAME_BYTES_MAX)
      throw new ProtoRefused(`the name of field ${path} is longer than ${METRIC_NAME_BYTES_MAX} bytes`);
    const kind = kindOf(field);
    if (kind === undefined) return undefined;
    const action = rule ? actions[rule.as] : isSample ? defaultAction(field, kind) : PLAN_READ;
    if (rule) checkRule(field, path, rule, kind, isSample, isRoot);
    const base = {
      number: field.id,
      name: field.name,
      kind,
      action,
      unit: rule?.unit ? units[rule.unit] : PLAN_UNIT_BY_SIZE,
      isRepeated: field.repeated,
      isImplicit: this.#isImplicit(field, kind, action),
    };
    if (action === PLAN_SAMPLES) this.hasSamples = true;
    if (field instanceof protobuf.MapField) return { ...base, isMap: true, kind: PLAN_MESSAGE, type: this.#entry(field, path) };
    if (kind === PLAN_MESSAGE) return { ...base, type: this.#messageType(field, path, action) };
    return { ...base, ...this.#named(field) };
  }

  #messageType(field: Pick<protobuf.FieldBase, 'resolvedType'>, path: string, action: number): number {
    const wrapped = wrappedFields.get(field.resolvedType?.fullName ?? '');
    // The value of google.protobuf.DoubleValue and the like is named as the wrapper, and 0 when it is absent.
    if (wrapped !== undefined) {
      const value = { number: 1, name: '', kind: wrapped, action: PLAN_READ, unit: 0, isRepeated: false, isImplicit: true };
      return this.types.push({ fields: [value] }) - 1;
    }
    return this.typeOf(field.resolvedType as protobuf.Type, path, action === PLAN_SAMPLES);
  }

  #entry(field: protobuf.MapField, path: string): number {
    const plain = { name: '', action: PLAN_READ, unit: 0, isRepeated: false, isImplicit: false };
    const key = { ...plain, number: 1, kind: kindOf(new protobuf.Field('key', 1, field.keyType)) as number };
    const kind = kindOf(field) as number;
    const value = { ...plain, number: 2, kind, ...this.#named(field) };
    const fields: PlanField[] = [key, value];
    const number = this.types.push({ fields }) - 1;
    if (kind === PLAN_MESSAGE) fields[1] = { ...value, type: this.#messageType(field, path, PLAN_READ) };
    return number;
  }

  /** The names of an enum's values, where a reading is the name. */
  #named({ resolvedType }: Pick<protobuf.FieldBase, 'resolvedType'>): Pick<PlanField, 'values'> {
    if (!(resolvedType instanceof protobuf.Enum) || this.#options.enums !== 'names') return {};
    const values = this.#enums.get(resolvedType) ?? valuesOf(resolvedType);
    this.#enums.set(resolvedType, values);
    return { values };
  }

  #isImplicit(field: protobuf.Field, kind: number, action: number): boolean {
    if (this.#options.implicit === false || field.repeated || field.map || field.hasPresence) return false;
    return kind < PLAN_BYTES && (action === PLAN_READ || action === PLAN_IS_SEQ);
  }
}

/** Those of which several members can be set; that of an `optional` field is there in name only. */
function oneofsOf(type: protobuf.Type): protobuf.OneOf[] {
  return type.oneofsArray.filter(({ fieldsArray }) => fieldsArray.length > 1);
}

/** A member that says nothing unsets the others all the same. */
function passedOver(field: protobuf.Field): PlanField {
  const kind = kindOf(field) ?? PLAN_MESSAGE;
  return { number: field.id, name: '', kind, action: PLAN_PASS, unit: 0, isRepeated: false, isImplicit: false };
}

function defaultAction(field: protobuf.Field, kind: number): number {
  if (field.map || kind === PLAN_MESSAGE) return openNames.includes(field.name) && !field.repeated ? PLAN_OPEN : PLAN_READ;
  if (field.repeated) return PLAN_READ;
  const isTime = kind === PLAN_SECONDS ? timeNames.includes(field.name) : timeNames.slice(0, 2).includes(field.name) && isNumber(field);
  if (isTime) return PLAN_IS_TS;
  return field.name === 'seq' && isWhole(field) ? PLAN_IS_SEQ : PLAN_READ;
}

function isWhole(field: protobuf.Field): boolean {
  return /^(u?int|sint|s?fixed)(32|64)$/.test(field.type);
}

function isNumber(field: protobuf.Field): boolean {
  return isWhole(field) || field.type === 'double' || field.type === 'float';
}

function checkRule(field: protobuf.Field, path: string, rule: FieldRule, kind: number, isSample: boolean, isRoot: boolean): void {
  const refuse = (why: string): never => {
    throw new ProtoRefused(`field ${path} cannot be ${rule.as}: ${why}`);
  };
  const isMessage = kind === PLAN_MESSAGE && !field.map;
  if (rule.as === 'open' && ((!isMessage && !field.map) || field.repeated)) refuse('only a single message or a map has fields of its own');
  if (rule.as === 'samples' && !(isMessage && field.repeated && isRoot)) refuse("only repeated messages of the payload's own are");
  if ((rule.as === 'time' || rule.as === 'sequence') && (!isSample || field.repeated || field.map)) {
    refuse("it is no single field of the payload's own or of a sample");
  }
  if (rule.as === 'time' && !(isNumber(field) || kind === PLAN_SECONDS || kind === PLAN_STRING)) refuse('it holds no time');
  if (rule.as === 'sequence' && !isWhole(field)) refuse('it is no whole number');
}

function valuesOf({ values }: protobuf.Enum): ReadonlyMap<number, string> {
  const named = new Map<number, string>();
  for (const [name, number] of Object.entries(values)) if (!named.has(number)) named.set(number, name);
  return named;
}
