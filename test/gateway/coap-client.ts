import { createSocket, type Socket } from 'node:dgram';
import { type CoapMessage, readMessage, uint, writeMessage } from '../../src/gateway/coap/message.js';
import { until } from '../support/until.js';
import { TOKEN } from './gateway-thread.js';

export const CON = 0;
export const NON = 1;
export const ACK = 2;
export const RST = 3;
export const GET = 1;
export const POST = 2;
export const PUT = 3;
export const DELETE = 4;

/** A code as CoAP writes it: `2.04`. */
export function codeOf({ code }: CoapMessage): string {
  return `${code >> 5}.${String(code & 31).padStart(2, '0')}`;
}

export interface Asked {
  readonly type?: number;
  readonly code?: number;
  readonly messageId?: number;
  readonly token?: string;
  readonly path?: string;
  /** Each with its name; without any, the device's token is sent. */
  readonly queries?: readonly string[];
  readonly options?: readonly (readonly [number: number, value: Buffer])[];
  readonly payload?: string | Buffer;
}

let nextMessageId = 1;

/** A request for telemetry of the device `ts1` unless it says otherwise, as bytes. */
export function request(asked: Asked = {}): Buffer {
  const { type = CON, code = POST, token = 't', path = 'devices/ts1/telemetry', queries = [`token=${TOKEN}`] } = asked;
  const segments = path.split('/').map((segment) => ({ number: 11, value: Buffer.from(segment) }));
  const ofQueries = queries.map((query) => ({ number: 15, value: Buffer.from(query) }));
  const others = (asked.options ?? []).map(([number, value]) => ({ number, value }));
  const messageId = asked.messageId ?? nextMessageId++;
  const options = [...segments, ...ofQueries, ...others];
  return writeMessage({ type, code, messageId, token: Buffer.from(token), options, payload: Buffer.from(asked.payload ?? '{"t":1}') });
}

/** Block1 or Block2: number, whether more follow, and bytes. */
export function block(option: 23 | 27, number: number, hasMore: boolean, bytes: number): readonly [number, Buffer] {
  return [option, uint((number << 4) | (hasMore ? 8 : 0) | (Math.log2(bytes) - 4))];
}

/** A device that speaks CoAP, by datagrams. */
export class CoapClient {
  readonly answers: CoapMessage[] = [];
  readonly #socket: Socket;
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (bytes) => void this.answers.push(readMessage(bytes)));
  }

  send(bytes: Uint8Array): void {
    this.#socket.send(bytes, this.#port, '127.0.0.1');
  }

  /** Sends it and resolves to the next message that comes. */
  async ask(bytes: Uint8Array): Promise<CoapMessage> {
    const before = this.answers.length;
    this.send(bytes);
    await until('an answer', () => this.answers.length > before);
    return this.answers[before]!;
  }

  close(): void {
    this.#socket.close();
  }
}
