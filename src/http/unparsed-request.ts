import { STATUS_CODES } from 'node:http';
import type { ApiCode } from '../contract/api-errors.js';
import type { Answer } from './exchange.js';

/** What the parser's codes say in HTTP. Every other HPE_… is a request that is malformed. */
const PROBLEMS: Readonly<Record<string, ApiCode>> = {
  HPE_INVALID_URL: 'path_malformed',
  HPE_HEADER_OVERFLOW: 'headers_oversize',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'request_malformed',
  HPE_INVALID_CONTENT_LENGTH: 'length_ambiguous',
  HPE_UNEXPECTED_CONTENT_LENGTH: 'length_ambiguous',
  HPE_INVALID_TRANSFER_ENCODING: 'length_ambiguous',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** What node:http reports of a connection that it can read no further. */
export type ParserError = NodeJS.ErrnoException & { readonly reason?: string; readonly rawPacket?: Buffer };

/** Undefined: the connection broke, and nobody is there for an answer. */
export function parserProblem({ code = '', reason = '' }: ParserError): ApiCode | undefined {
  // The parser has the same code for a line end that is no CRLF after a right version.
  if (code === 'HPE_INVALID_VERSION' && reason.startsWith('Invalid HTTP version')) return 'http_version_unsupported';
  return PROBLEMS[code] ?? (code.startsWith('HPE_') ? 'request_malformed' : undefined);
}

/** Whether these are the first bytes of a TLS handshake: a record of type 22 of version 3.x, RFC 8446 §5.1. */
export function looksLikeTls(bytes: Buffer | undefined): boolean {
  return bytes !== undefined && bytes[0] === 22 && bytes[1] === 3;
}

/** The answer as it is sent, with the end of the connection announced. */
export function answerBytes({ status, headers, body }: Answer): string {
  const isUpgrade = headers.some(([name]) => name === 'upgrade');
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    `connection: ${isUpgrade ? 'upgrade, close' : 'close'}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
