import type { IncomingMessage } from 'node:http';
import { BodyReader } from './body-reader.js';

/** From Node 26 on a request's body is read before its wish for an upgrade is reported. */
const READS_BODY_FIRST = Number.parseInt(process.versions.node, 10) >= 26;
/** No call takes a larger body. */
const BODY_BYTES_MAX = 1024 * 1024;

/**
 * The bytes of a request that wished for an upgrade, without that wish, to be parsed anew; `rest` is what node:http gives
 * along with it, a body included unless node:http has read that, and taken off its framing.
 */
export async function withoutUpgrade(request: IncomingMessage, rest: Buffer): Promise<Buffer | 'oversize' | 'aborted'> {
  const body = READS_BODY_FIRST ? await bodyOf(request) : undefined;
  if (typeof body === 'string') return body;
  const head = [`${request.method} ${request.url} HTTP/${request.httpVersion}`, ...fieldsOf(request, body?.length), '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), ...(body ? [body] : []), rest]);
}

function bodyOf(request: IncomingMessage): Promise<Uint8Array | 'oversize' | 'aborted'> {
  const reader = new BodyReader(BODY_BYTES_MAX);
  request.on('data', (chunk: Buffer) => reader.add(chunk));
  request.once('end', () => reader.end());
  request.once('close', () => reader.abort());
  return reader.result;
}

/** The header fields but for the wish; with `bodyBytes` the body has a new framing. */
function fieldsOf({ rawHeaders }: IncomingMessage, bodyBytes: number | undefined): string[] {
  const dropped = bodyBytes === undefined ? ['upgrade'] : ['upgrade', 'content-length', 'transfer-encoding'];
  const fields = bodyBytes === undefined ? [] : [`content-length: ${bodyBytes}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (!dropped.includes(name.toLowerCase())) fields.push(`${name}: ${rawHeaders[index + 1]}`);
  }
  return fields;
}
