import assert from 'node:assert/strict';
import { connect as connectSocket, type Socket } from 'node:net';
import { PINGREQ, PINGRESP } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs } from '../cases/mqtt-case.js';
import { until } from '../support/until.js';

/** A socket that says what it is told to say and remembers what it heard. */
export class RawClient {
  readonly socket: Socket;
  heard = Buffer.alloc(0);
  hasEnded = false;

  static async open(port: number): Promise<RawClient> {
    const socket = connectSocket({ host: '127.0.0.1', port, noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawClient(socket);
  }

  /** Connects as a device and checks CONNACK. */
  static async login(port: number, clientId: string, level: 4 | 5, keepAlive = 0): Promise<RawClient> {
    const client = await RawClient.open(port);
    client.write(connectAs(level, { clientId, keepAlive }));
    await client.expect(connackAccepted[level]);
    return client;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.heard = Buffer.concat([this.heard, chunk]);
    });
    socket.on('error', () => {});
    socket.on('end', () => {
      this.hasEnded = true;
    });
    socket.on('close', () => {
      this.hasEnded = true;
    });
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** One write, done before the next may begin. */
  written(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => setImmediate(resolve)));
  }

  /** The next bytes that come are exactly these. */
  async expect(bytes: Uint8Array): Promise<void> {
    await until(`${bytes.length} bytes`, () => this.heard.length >= bytes.length || this.hasEnded);
    assert.equal(this.heard.subarray(0, bytes.length).toString('hex'), Buffer.from(bytes).toString('hex'));
    this.heard = this.heard.subarray(bytes.length);
  }

  async expectPing(): Promise<void> {
    this.write(PINGREQ);
    await this.expect(PINGRESP);
  }

  async expectEnd(): Promise<void> {
    await until('the end of the connection', () => this.hasEnded);
    assert.equal(this.heard.toString('hex'), '', 'nothing more came before the end');
  }

  close(): void {
    this.socket.destroy();
  }
}
