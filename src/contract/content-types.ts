import {
  FORMAT_BY_SHAPE,
  FORMAT_CAYENNE,
  FORMAT_CBOR,
  FORMAT_JSON,
  FORMAT_LINE_PROTOCOL,
  FORMAT_MSGPACK,
  FORMAT_NDJSON,
  FORMAT_PROTOBUF,
  FORMAT_SENML_CBOR,
  FORMAT_SENML_JSON,
  FORMAT_SPARKPLUG,
  FORMAT_TEXT,
} from '../../assembly/abi/block.js';

/** Content formats by media type, in lower case and without parameters. */
export const contentTypes: ReadonlyMap<string, number> = new Map([
  ['application/json', FORMAT_JSON],
  ['text/json', FORMAT_JSON],
  ['application/x-ndjson', FORMAT_NDJSON],
  ['application/cbor', FORMAT_CBOR],
  ['application/msgpack', FORMAT_MSGPACK],
  ['application/x-msgpack', FORMAT_MSGPACK],
  ['application/vnd.msgpack', FORMAT_MSGPACK],
  ['application/senml+json', FORMAT_SENML_JSON],
  ['application/senml+cbor', FORMAT_SENML_CBOR],
  ['application/x-protobuf', FORMAT_PROTOBUF],
  ['application/protobuf', FORMAT_PROTOBUF],
  ['text/plain', FORMAT_TEXT],
]);

/** Content formats by the names that topic rules and answers use. */
export const formatNames: ReadonlyMap<string, number> = new Map([
  ['json', FORMAT_JSON],
  ['cbor', FORMAT_CBOR],
  ['msgpack', FORMAT_MSGPACK],
  ['protobuf', FORMAT_PROTOBUF],
  ['senml-json', FORMAT_SENML_JSON],
  ['senml-cbor', FORMAT_SENML_CBOR],
  ['sparkplug', FORMAT_SPARKPLUG],
  ['cayenne', FORMAT_CAYENNE],
  ['line-protocol', FORMAT_LINE_PROTOCOL],
  ['text', FORMAT_TEXT],
  ['ndjson', FORMAT_NDJSON],
]);

/** The content format of a media type; FORMAT_BY_SHAPE: it says none that is known. */
export function formatOfContentType(contentType: string): number {
  const [type = ''] = contentType.split(';');
  return contentTypes.get(type.trim().toLowerCase()) ?? FORMAT_BY_SHAPE;
}

/** Name of a format, `auto` where nobody said it; one that this build does not know is named by its number. */
export function formatName(format: number): string {
  if (format === FORMAT_BY_SHAPE) return 'auto';
  for (const [name, number] of formatNames) if (number === format) return name;
  return String(format);
}
