import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Envelope, keyIdOf, readEnvelope, signedEnvelope, writeEnvelope } from '../contract/packs/envelope.js';
import { CommandFailure } from './command-failure.js';

interface Written {
  readonly codec?: { wasm_file?: string; wasm_base64?: string };
  readonly schemas?: { schema_definition_file?: string; schema_definition?: unknown }[];
  readonly vectors?: { payload_file?: string; payload_base64?: string }[];
}

/** The content that a folder, or its pack.json, says: files that it names are put in their place. */
export function buildPack(path: string): Envelope {
  const file = statSync(path).isDirectory() ? join(path, 'pack.json') : path;
  const content = parsed(file) as Written;
  const read = (name: string) => readFileSync(join(dirname(file), name));
  const inPlace = (holder: object | undefined, from: string, to: string, contentOf: (bytes: Buffer) => unknown) => {
    const named = holder as Record<string, unknown> | undefined;
    if (typeof named?.[from] !== 'string') return;
    named[to] = contentOf(read(named[from]));
    delete named[from];
  };
  const base64 = (bytes: Buffer) => bytes.toString('base64');
  inPlace(content.codec, 'wasm_file', 'wasm_base64', base64);
  for (const schema of content.schemas ?? []) inPlace(schema, 'schema_definition_file', 'schema_definition', (bytes) => bytes.toString());
  for (const vector of content.vectors ?? []) inPlace(vector, 'payload_file', 'payload_base64', base64);
  return { payload: Buffer.from(JSON.stringify(content)), signatures: [] };
}

export function readPack(path: string): Envelope {
  const envelope = readEnvelope(readFileSync(path));
  if (typeof envelope !== 'string') return envelope;
  throw new CommandFailure('pack_malformed', `cannot read the pack in ${path}: ${envelope}`, {
    wayOut: 'make it with: npx spillway pack build',
  });
}

/** Writes the pack with one signature more. */
export function signPack(path: string, keyPath: string): string {
  const key = privateKeyOf(keyPath);
  const signed = signedEnvelope(readPack(path), key);
  writeFileSync(path, writeEnvelope(signed));
  return signed.signatures.at(-1)!.keyId;
}

/** Writes NAME.key, which only its owner may read, and NAME.pem; answers the id. */
export function makeKeys(name: string): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(`${name}.key`, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  writeFileSync(`${name}.pem`, publicKey.export({ type: 'spki', format: 'pem' }));
  return keyIdOf(publicKey);
}

function privateKeyOf(path: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(path));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    throw failure(path, (error as Error).message);
  }
  throw failure(path, 'it is not a key of Ed25519');
}

function failure(path: string, cause: string): CommandFailure {
  return new CommandFailure('pack_key_malformed', `cannot read the private key in ${path}: ${cause}`, {
    wayOut: 'make one with: npx spillway pack keygen NAME',
  });
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CommandFailure('pack_malformed', `cannot read the content of the pack in ${path}: ${(error as Error).message}`, {
      wayOut: 'write one JSON object: deploy/packs/acme-boiler/pack.json is an example',
    });
  }
}
