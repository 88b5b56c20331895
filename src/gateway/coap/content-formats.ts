import {
  FORMAT_BY_SHAPE,
  FORMAT_CBOR,
  FORMAT_MSGPACK,
  FORMAT_PROTOBUF,
  FORMAT_SENML_CBOR,
  FORMAT_SENML_JSON,
} from '../../../assembly/abi/block.js';
import {
  COAP_FORMAT_CBOR,
  COAP_FORMAT_MSGPACK,
  COAP_FORMAT_PROTOBUF,
  COAP_FORMAT_SENML_CBOR,
  COAP_FORMAT_SENML_JSON,
} from '../../../assembly/abi/coap.js';

const FORMATS: ReadonlyMap<number, number> = new Map([
  [COAP_FORMAT_CBOR, FORMAT_CBOR],
  [COAP_FORMAT_SENML_JSON, FORMAT_SENML_JSON],
  [COAP_FORMAT_SENML_CBOR, FORMAT_SENML_CBOR],
  [COAP_FORMAT_MSGPACK, FORMAT_MSGPACK],
  [COAP_FORMAT_PROTOBUF, FORMAT_PROTOBUF],
]);

/** FORMAT_… of a Content-Format that the kernel has let pass. */
export function formatOf(contentFormat: number | undefined): number {
  return FORMATS.get(contentFormat ?? -1) ?? FORMAT_BY_SHAPE;
}
