import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { signedEnvelope, writeEnvelope } from '../../src/contract/packs/envelope.js';

/** A pack of a boiler, as its maker writes it. */
export function boilerPack(change: object = {}): Record<string, unknown> {
  return {
    format: 1,
    name: 'acme-boiler',
    version: '1.0.0',
    vendor: 'Acme',
    description: 'boilers of series 7',
    device_class: 'boiler',
    topic_rules: [{ name: 'acme-boiler', pattern: 'acme/boiler/{device}', device: 'level:device', decoder: 'json' }],
    schemas: [
      {
        format: 'json',
        mode: 'flexible',
        schema_definition: { fields: { t: { type: 'number', unit: '[degF]', to: 'Cel', rename: 'temperature' } } },
      },
    ],
    vectors: [
      {
        name: 'a reading',
        device: 'boiler-1',
        topic: 'acme/boiler/boiler-1',
        payload: '{"t":212}',
        readings: [{ metric: 'temperature', value: 100, unit: 'Cel' }],
      },
    ],
    ...change,
  };
}

export function newSigner(): { readonly privateKey: KeyObject; readonly pem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKey: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    pem: String(publicKey.export({ type: 'spki', format: 'pem' })),
  };
}

/** Its file, signed by these keys. */
export function packFile(content: unknown, ...signers: readonly KeyObject[]): string {
  const payload = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return writeEnvelope(signers.reduce(signedEnvelope, { payload, signatures: [] }));
}
