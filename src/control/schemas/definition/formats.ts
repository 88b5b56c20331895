import type { CodecFormat } from '../../../contract/codecs/codec-name.js';
import type { SchemaFormat } from '../../../contract/schemas/schema-plan.js';

/** Formats that a schema may name; `auto`: a payload's own, or its shape, says it. */
export const SCHEMA_FORMATS = [
  'json',
  'ndjson',
  'cbor',
  'msgpack',
  'protobuf',
  'senml-json',
  'senml-cbor',
  'cayenne',
  'line-protocol',
  'text',
  'auto',
] as const satisfies readonly (SchemaFormat | 'auto')[];
/** A codec of the tenant is named as `codec:NAME@VERSION`. */
export type FormatChoice = (typeof SCHEMA_FORMATS)[number] | CodecFormat;
