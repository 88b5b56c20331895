import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);
/** RFC 5802 §5.1 leaves it to the server; a broker that asks for more wants to keep this process busy. */
const ITERATIONS_MAX = 1_000_000;

export interface ScramUser {
  readonly username: string;
  readonly password: string;
}

/** The client's side of one SCRAM exchange (RFC 5802, RFC 7677), without channel binding. */
export class ScramExchange {
  readonly #hash: 'sha256' | 'sha512';
  readonly #user: ScramUser;
  readonly #nonce: string;
  #serverSignature: Buffer | undefined;

  constructor(mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512', user: ScramUser, nonce = randomBytes(18).toString('base64')) {
    this.#hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';
    this.#user = user;
    this.#nonce = nonce;
  }

  /** client-first-message. */
  first(): string {
    return `n,,${this.#firstBare()}`;
  }

  /** client-final-message in answer to server-first-message; rejects one that is malformed or of another exchange. */
  async final(serverFirst: string): Promise<string> {
    const { r: nonce = '', s: salt = '', i: count = '' } = attributes(serverFirst);
    const iterations = Number(count);
    // RFC 5802 §5.1: the nonce has to begin with the client's own.
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) throw new Error('the broker answers another exchange');
    if (!Number.isInteger(iterations) || iterations < 1 || iterations > ITERATIONS_MAX)
      throw new Error(`${count} iterations were asked for`);
    const length = this.#hash === 'sha256' ? 32 : 64;
    const salted = await derive(this.#user.password, Buffer.from(salt, 'base64'), iterations, length, this.#hash);
    const clientKey = this.#hmac(salted, 'Client Key');
    const withoutProof = `c=${Buffer.from('n,,').toString('base64')},r=${nonce}`;
    const authMessage = `${this.#firstBare()},${serverFirst},${withoutProof}`;
    const signature = this.#hmac(createHash(this.#hash).update(clientKey).digest(), authMessage);
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), authMessage);
    const proof = clientKey.map((byte, index) => byte ^ (signature[index] as number));
    return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
  }

  /** Throws unless server-final-message proves that the server knows the password too. */
  verify(serverFinal: string): void {
    const { v: signature = '', e: error } = attributes(serverFinal);
    if (error !== undefined) throw new Error(`the broker refuses: ${error}`);
    const found = Buffer.from(signature, 'base64');
    const expected = this.#serverSignature;
    if (!expected || found.length !== expected.length || !timingSafeEqual(found, expected)) {
      throw new Error('the broker does not know the password');
    }
  }

  #firstBare(): string {
    const name = this.#user.username.replaceAll('=', '=3D').replaceAll(',', '=2C');
    return `n=${name},r=${this.#nonce}`;
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }
}

function attributes(message: string): Readonly<Record<string, string>> {
  return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}
