import { readFileSync } from 'node:fs';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { KafkaSettings } from '../conf.js';
import { ScramExchange } from './scram.js';
import { Reader, Writer } from './wire.js';

const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
/** Longer answers are none that is asked for here. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

interface Waiting {
  readonly resolve: (answer: Reader) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection to one broker, for requests that the client library has no call for. Requests go out one after another and are
 * answered in that order.
 */
export class BrokerConnection {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #received = Buffer.alloc(0);
  #correlation = 0;

  /** Connects and authenticates as the settings say; rejects with the cause. `timeoutMs` bounds every answer. */
  static async open(settings: KafkaSettings, address: string, timeoutMs: number): Promise<BrokerConnection> {
    const connection = new BrokerConnection(dial(settings, address), timeoutMs);
    try {
      if (settings.security.startsWith('sasl')) await connection.#authenticate(settings);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the broker closed the connection')));
  }

  /** Resolves to the answer's body, which follows its header. */
  request(apiKey: number, version: number, body: Writer): Promise<Reader> {
    const header = new Writer()
      .int16(apiKey)
      .int16(version)
      .int32(this.#correlation++)
      .string('spillway');
    const message = Buffer.concat([header.buffer, body.buffer]);
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('the broker closed the connection'));
      this.#waiting.push({ resolve, reject });
      this.#socket.write(new Writer().bytes(message).buffer);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  async #authenticate({ saslMechanism, saslUsername: username = '', saslPassword: password = '' }: KafkaSettings): Promise<void> {
    const handshake = await this.request(SASL_HANDSHAKE, 1, new Writer().string(saslMechanism));
    if (handshake.int16() !== 0) throw new Error(`the broker does not offer ${saslMechanism}`);
    if (saslMechanism === 'PLAIN') {
      await this.#exchange(`\0${username}\0${password}`);
      return;
    }
    const scram = new ScramExchange(saslMechanism as 'SCRAM-SHA-256' | 'SCRAM-SHA-512', { username, password });
    scram.verify(await this.#exchange(await scram.final(await this.#exchange(scram.first()))));
  }

  async #exchange(text: string): Promise<string> {
    const answer = await this.request(SASL_AUTHENTICATE, 0, new Writer().bytes(Buffer.from(text)));
    const [code, cause] = [answer.int16(), answer.string()];
    if (code !== 0) throw new Error(cause || `the broker refuses this user with error ${code}`);
    return answer.bytes().toString();
  }

  /** An answer: its length, the number of its request, and the body. */
  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 4) {
      const length = this.#received.readInt32BE(0);
      if (length < 4 || length > ANSWER_BYTES_MAX) {
        this.#socket.destroy(new Error('what answers is no Kafka broker'));
        return;
      }
      if (this.#received.length < 4 + length) return;
      const body = this.#received.subarray(8, 4 + length);
      this.#received = this.#received.subarray(4 + length);
      this.#waiting.shift()?.resolve(new Reader(body));
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

function dial(settings: KafkaSettings, address: string): Socket {
  const colon = address.lastIndexOf(':');
  const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
  if (!settings.security.endsWith('ssl')) return connectPlain({ host, port });
  const file = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
  const server = isIP(host) ? {} : { servername: host };
  return connectTls({ host, port, ...server, ca: file(settings.ca), cert: file(settings.cert), key: file(settings.key) });
}
