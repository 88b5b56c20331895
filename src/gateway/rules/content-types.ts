import {
  CONTENT_TYPE_AT_FORMAT,
  CONTENT_TYPE_AT_NAME,
  CONTENT_TYPE_BYTES,
  CONTENT_TYPES_MAX,
  CONTENT_TYPES_OFFSET,
} from '../../../assembly/abi/gateway.js';
import { contentTypes } from '../../contract/content-types.js';
import type { KernelMemory } from '../../host/kernel.js';

/** Lays the media types into the kernel's memory, which reads the Content Type of MQTT 5. */
export function layContentTypes({ bytes }: KernelMemory): void {
  if (contentTypes.size >= CONTENT_TYPES_MAX) throw new Error('the kernel has no room for so many content types');
  let at: number = CONTENT_TYPES_OFFSET;
  for (const [type, format] of contentTypes) {
    if (type.length > CONTENT_TYPE_BYTES - CONTENT_TYPE_AT_NAME) throw new Error(`the kernel has no room for content type ${type}`);
    bytes[at] = type.length;
    bytes[at + CONTENT_TYPE_AT_FORMAT] = format;
    bytes.set(Buffer.from(type), at + CONTENT_TYPE_AT_NAME);
    at += CONTENT_TYPE_BYTES;
  }
}
