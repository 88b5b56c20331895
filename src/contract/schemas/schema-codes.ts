import {
  CODE_FIELD_MISSING,
  CODE_FIELD_OUT_OF_RANGE,
  CODE_FIELD_TYPE_INVALID,
  CODE_FIELD_UNEXPECTED,
  CODE_READINGS_TOO_MANY,
  CODE_SCHEMA_VERSION_MISSING,
} from '../../../assembly/abi/codes.js';
import type { RefusalCode } from '../refusal-code.js';

/** Why a schema refuses a message that was decoded. */
export const schemaCodes: readonly RefusalCode[] = [
  {
    number: CODE_SCHEMA_VERSION_MISSING,
    name: 'schema_version_missing',
    cause: 'the schema version that the message came with does not exist, or no message can be read by it',
    wayOut: 'see the event schema-not-laid; give the device a schema, then try the letter again',
  },
  {
    number: CODE_FIELD_MISSING,
    name: 'field_missing',
    cause: 'a field that the schema requires is not in the message',
    wayOut: 'send it in every message, or give it a default in a new version of the schema',
  },
  {
    number: CODE_FIELD_TYPE_INVALID,
    name: 'field_type_invalid',
    cause: 'the value of a field is of another type than the schema says',
    wayOut: 'send the type that the schema names, or change it in a new version',
  },
  {
    number: CODE_FIELD_OUT_OF_RANGE,
    name: 'field_out_of_range',
    cause: 'the value of a field is outside the range that the schema gives it',
    wayOut: 'look at the sensor; or widen the range, clamp or flag in a new version of the schema',
  },
  {
    number: CODE_FIELD_UNEXPECTED,
    name: 'field_unexpected',
    cause: 'the message holds a metric that the schema does not name, and the schema refuses others',
    wayOut: 'add the field in a new version of the schema, or let it read or skip others',
  },
  {
    number: CODE_READINGS_TOO_MANY,
    name: 'readings_too_many',
    cause: 'with the defaults of its schema the message has more than 16,384 readings, or more than 600 KB of default texts',
    wayOut:
      'give fewer fields a default, mark fewer fields of a Protobuf schema as implicit, or send fewer samples in a message; then try the letters again',
  },
];
