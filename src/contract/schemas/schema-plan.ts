import type { CodecPlan } from '../codecs/codec-plan.js';
import type { Profile } from '../profiles.js';

/** Payload formats that a schema may name; kernels know them as FORMAT_…. */
export type SchemaFormat =
  | 'json'
  | 'ndjson'
  | 'cbor'
  | 'msgpack'
  | 'protobuf'
  | 'senml-json'
  | 'senml-cbor'
  | 'cayenne'
  | 'line-protocol'
  | 'text';

/** What a value outside its range becomes: a dead letter with its message, the nearest value of the range, or a reading that is counted. */
export type RangeAction = 'reject' | 'clamp' | 'flag';

/** What the schema says of one metric. The value that is stored is `(value * scale + offset) / divisor`; the range and the default are about that value. */
export interface SchemaField {
  /** The metric as the decoder names it: the path of its members, with dots. */
  readonly name: string;
  /** The metric under which it is stored; `name` unless said otherwise. */
  readonly metric?: string;
  readonly type: 'number' | 'integer' | 'boolean' | 'text' | 'any';
  /** A sample without it is refused; in flexible mode only where it is also critical. */
  readonly isRequired?: boolean;
  /** In flexible mode a fault of this field refuses its message; a fault of another field costs the field alone. */
  readonly isCritical?: boolean;
  readonly scale?: number;
  readonly offset?: number;
  /** Above 0: 70.7 °F are exactly 21.5 °C as `(70.7 * 5 - 160) / 9`, and not as a product with five ninths. 1 unless said otherwise. */
  readonly divisor?: number;
  readonly min?: number;
  readonly max?: number;
  /** `reject` unless said otherwise. */
  readonly outside?: RangeAction;
  /** The reading of a sample that has none. */
  readonly default?: number | string;
  /** A text that is a number as a whole counts as that number. */
  readonly readsText?: boolean;
  /** Unit of the stored value, for those who read it. */
  readonly unit?: string;
}

/** One version of a payload schema, as kernels need it. A version never changes. */
export interface SchemaPlan {
  /** Number of the version, from 1 on, over all schemas of the deployment. */
  readonly number: number;
  readonly mode: 'strict' | 'flexible';
  /** Of payloads for which neither record header nor topic rule names one; undefined: the shape decides. */
  readonly format?: SchemaFormat;
  /** In place of `format`: a codec of the tenant decodes them. */
  readonly codec?: CodecPlan;
  /** Plan by which messages of Protobuf are read: bytes of compileProto. */
  readonly protobuf?: Uint8Array;
  /** Which members of a document are its time, its sequence and its readings, in place of the plain profile. */
  readonly members?: Profile['root'];
  readonly fields: readonly SchemaField[];
  /** What happens to metrics that `fields` does not name: stored, passed over, or a fault in strict mode. */
  readonly others: 'read' | 'skip' | 'refuse';
  /** The field whose text is the version of the device's firmware from then on. */
  readonly firmwareField?: string;
}
