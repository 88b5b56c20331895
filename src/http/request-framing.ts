import type { IncomingMessage } from 'node:http';
import { KIB } from '../../assembly/abi/limits.js';
import type { ApiCode } from '../contract/api-errors.js';

/** Of a head: request line and header fields with their line ends. */
export const HEAD_BYTES_MAX = 32 * KIB;
/** Header fields of a request. */
export const FIELDS_MAX = 100;

/** Why a request must not be answered as it stands, though node:http could read it; undefined: it may. */
export function framingProblem({ httpVersion, rawHeaders }: IncomingMessage): ApiCode | undefined {
  if (rawHeaders.length > 2 * FIELDS_MAX) return 'headers_oversize';
  let hosts = 0;
  let lengths = 0;
  let transfer: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    // Most names have another length, so few are compared letter by letter.
    if (name.length === 4 && /^host$/i.test(name)) hosts++;
    else if (name.length === 14 && /^content-length$/i.test(name)) lengths++;
    else if (name.length === 17 && /^transfer-encoding$/i.test(name)) {
      transfer = transfer === undefined ? rawHeaders[index + 1]! : `${transfer}, ${rawHeaders[index + 1]!}`;
    }
  }
  // RFC 9112 §3.2: one Host field, and HTTP/1.0 may do without.
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0')) return 'host_missing';
  if (lengths > 1) return 'length_ambiguous';
  if (transfer === undefined) return undefined;
  // RFC 9112 §6.1: a message of HTTP/1.0 with Transfer-Encoding, or with both fields, has no length that all recipients agree on.
  if (httpVersion === '1.0' || lengths > 0) return 'length_ambiguous';
  return /^chunked$/i.test(transfer.trim()) ? undefined : 'transfer_encoding_unsupported';
}
