import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

// A sealed secret: version (1 byte, 1), nonce (12), tag (16), ciphertext. AES-256-GCM.
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHERTEXT_AT = 1 + NONCE_BYTES + TAG_BYTES;

/** Bytes of a key of `SecretBox`. */
export const SECRET_KEY_BYTES = 32;

/** Seals secrets that have to be read again, so that a copy of the database does not show them. */
export class SecretBox {
  readonly #key: Buffer;

  /** `key`: 32 bytes. */
  constructor(key: Uint8Array) {
    if (key.length !== SECRET_KEY_BYTES) throw new Error(`cannot seal secrets: the key has ${key.length} bytes, not ${SECRET_KEY_BYTES}`);
    this.#key = Buffer.from(key);
  }

  /** `context` is what the secret belongs to: sealed for one thing, it does not open for another. */
  seal(secret: Uint8Array, context: string): Uint8Array {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(context));
    const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), ciphertext]);
  }

  /** Undefined: it was sealed with another key or for another context, or was changed. */
  open(sealed: Uint8Array, context: string): Uint8Array | undefined {
    if (sealed[0] !== VERSION || sealed.length < CIPHERTEXT_AT) return undefined;
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(1 + NONCE_BYTES, CIPHERTEXT_AT));
    try {
      return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(CIPHERTEXT_AT)), decipher.final()]));
    } catch {
      return undefined;
    }
  }
}
