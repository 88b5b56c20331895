import protobuf from 'protobufjs';
import {
  PLAN_BOOL,
  PLAN_BYTES,
  PLAN_DOUBLE,
  PLAN_ENUM,
  PLAN_FIXED32,
  PLAN_FIXED64,
  PLAN_FLOAT,
  PLAN_INT32,
  PLAN_INT64,
  PLAN_MESSAGE,
  PLAN_SECONDS,
  PLAN_SFIXED32,
  PLAN_SFIXED64,
  PLAN_SINT32,
  PLAN_SINT64,
  PLAN_STRING,
  PLAN_UINT32,
  PLAN_UINT64,
} from '../../../assembly/abi/plans.js';

const scalars: Readonly<Record<string, number>> = {
  double: PLAN_DOUBLE,
  float: PLAN_FLOAT,
  int32: PLAN_INT32,
  int64: PLAN_INT64,
  uint32: PLAN_UINT32,
  uint64: PLAN_UINT64,
  sint32: PLAN_SINT32,
  sint64: PLAN_SINT64,
  fixed32: PLAN_FIXED32,
  fixed64: PLAN_FIXED64,
  sfixed32: PLAN_SFIXED32,
  sfixed64: PLAN_SFIXED64,
  bool: PLAN_BOOL,
  string: PLAN_STRING,
  bytes: PLAN_BYTES,
};

const google = '.google.protobuf.';

/** Kinds of the values of wrappers, by full name. */
export const wrappedFields: ReadonlyMap<string, number> = new Map([
  [`${google}DoubleValue`, PLAN_DOUBLE],
  [`${google}FloatValue`, PLAN_FLOAT],
  [`${google}Int64Value`, PLAN_INT64],
  [`${google}UInt64Value`, PLAN_UINT64],
  [`${google}Int32Value`, PLAN_INT32],
  [`${google}UInt32Value`, PLAN_UINT32],
  [`${google}BoolValue`, PLAN_BOOL],
  [`${google}StringValue`, PLAN_STRING],
]);

/** PLAN_… of a field's value; undefined: it is a message of Google's that holds no reading. */
export function kindOf({ type, resolvedType }: Pick<protobuf.FieldBase, 'type' | 'resolvedType'>): number | undefined {
  if (resolvedType instanceof protobuf.Enum) return PLAN_ENUM;
  if (resolvedType === null) return scalars[type];
  const { fullName } = resolvedType;
  if (fullName === `${google}Timestamp` || fullName === `${google}Duration`) return PLAN_SECONDS;
  return fullName.startsWith(google) && !wrappedFields.has(fullName) ? undefined : PLAN_MESSAGE;
}
