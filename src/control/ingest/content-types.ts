import { FORMAT_BY_SHAPE } from '../../../assembly/abi/block.js';
import { formatOfContentType } from '../../contract/content-types.js';

/** JSON, and what clients say who say nothing about it: curl sends a body as a form. What the body is, its shape tells. */
const SHAPED = ['application/json', 'text/json', 'text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream'];

/** Media types that a device may post, in lower case. */
export const postedTypes: readonly string[] = [
  ...SHAPED,
  ...['application/x-ndjson', 'application/cbor', 'application/msgpack', 'application/vnd.msgpack', 'application/x-msgpack'],
  ...['application/senml+json', 'application/senml+cbor', 'application/x-protobuf', 'application/protobuf'],
];

/** FORMAT_… of abi/block.ts for the Content-Type of a post. */
export function postedFormat(contentType: string): number {
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase();
  return SHAPED.includes(type) ? FORMAT_BY_SHAPE : formatOfContentType(type);
}
