import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { until } from '../support/until.js';

/** First bytes of frames: the last bit 7 says that a message ends with it. */
export const BINARY = 0x82;
export const TEXT = 0x81;
export const CLOSE = 0x88;
export const PING = 0x89;
export const PONG = 0x8a;

export interface Frame {
  readonly first: number;
  readonly payload: Buffer;
}

/** A client's frame as RFC 6455 §5.2 has it, in bytes. */
export function frame(first: number, payload: Uint8Array | string = ''): Buffer {
  const bytes = Buffer.from(payload);
  const mask = randomBytes(4);
  const masked = bytes.map((byte, at) => byte ^ (mask[at % 4] as number));
  return Buffer.concat([head(first, bytes.length, 0x80), mask, masked]);
}

function head(first: number, length: number, isMasked: number): Buffer {
  if (length < 126) return Buffer.from([first, isMasked | length]);
  const wide = Buffer.alloc(length < 65_536 ? 2 : 8);
  if (wide.length === 2) wide.writeUInt16BE(length);
  else wide.writeBigUInt64BE(BigInt(length));
  return Buffer.concat([Buffer.from([first, isMasked | (wide.length === 2 ? 126 : 127)]), wide]);
}

export function request(fields: Readonly<Record<string, string | undefined>> = {}, line = 'GET /mqtt HTTP/1.1'): string {
  const all: Record<string, string | undefined> = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': 'mqtt',
    'Sec-WebSocket-Version': '13',
    ...fields,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== undefined);
  return [line, ...lines.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
}

/** A socket that writes frames byte by byte, and reads those that come. */
export class FrameClient {
  readonly socket: Socket;
  hasEnded = false;
  #heard = Buffer.alloc(0);
  /** Of binary messages, what nobody has taken. */
  #bytes = Buffer.alloc(0);

  /** Sends the request, and `early` in the same write; settles with the head of the answer. */
  static async open(
    socket: Socket,
    asked = request(),
    early: Uint8Array = Buffer.alloc(0),
  ): Promise<{ client: FrameClient; answer: string }> {
    const client = new FrameClient(socket);
    socket.write(Buffer.concat([Buffer.from(asked), early]));
    await until('the answer', () => client.#heard.includes('\r\n\r\n') || client.hasEnded);
    const end = client.#heard.indexOf('\r\n\r\n') + 4;
    const answer = client.#heard.subarray(0, end).toString();
    client.#heard = client.#heard.subarray(end);
    return { client, answer };
  }

  static async opened(port: number, early?: Uint8Array): Promise<FrameClient> {
    const { client, answer } = await FrameClient.open(connect({ host: '127.0.0.1', port, noDelay: true }), request(), early);
    assert.match(answer, /^HTTP\/1\.1 101 /);
    return client;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, chunk]);
    });
    socket.on('error', () => {});
    socket.on('end', () => {
      this.hasEnded = true;
    });
    socket.on('close', () => {
      this.hasEnded = true;
    });
  }

  write(...frames: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** One write, done before the next may begin. */
  written(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => setImmediate(resolve)));
  }

  async next(): Promise<Frame> {
    await until('a frame', () => this.#frame() !== undefined || this.hasEnded);
    const found = this.#frame();
    assert.ok(found, 'the connection ended before a frame came');
    this.#heard = this.#heard.subarray(found.bytes);
    return found.frame;
  }

  /** The next bytes, whatever messages they lie in. */
  async take(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) {
      const { first, payload } = await this.next();
      assert.equal(first, BINARY);
      this.#bytes = Buffer.concat([this.#bytes, payload]);
    }
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  async expect(bytes: Uint8Array): Promise<void> {
    assert.equal((await this.take(bytes.length)).toString('hex'), Buffer.from(bytes).toString('hex'));
  }

  /** A Close frame comes, and then the end. */
  async expectClose(code: number): Promise<void> {
    const { first, payload } = await this.next();
    assert.equal(first, CLOSE);
    // No code means the same as 1000, RFC 6455 §7.1.5.
    assert.equal(payload.length === 0 ? 1000 : payload.readUInt16BE(0), code);
    await until('the end', () => this.hasEnded);
    assert.equal(this.#heard.length, 0, 'nothing comes after the Close frame');
  }

  close(): void {
    this.socket.destroy();
  }

  #frame(): { frame: Frame; bytes: number } | undefined {
    const heard = this.#heard;
    if (heard.length < 2) return undefined;
    const short = heard[1] as number;
    assert.ok(short < 128, 'a server does not mask');
    const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (heard.length < 2 + wide) return undefined;
    const length = wide === 2 ? heard.readUInt16BE(2) : wide === 8 ? Number(heard.readBigUInt64BE(2)) : short;
    const bytes = 2 + wide + length;
    if (heard.length < bytes) return undefined;
    return { frame: { first: heard[0] as number, payload: Buffer.from(heard.subarray(2 + wide, bytes)) }, bytes };
  }
}
