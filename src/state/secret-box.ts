import { randomBytes } from 'node:crypto';
import type { ProcessConfig } from '../config/settings/process.js';
import { SECRET_KEY_BYTES, SecretBox } from '../contract/secret-box.js';
import { readOrCreateText } from './read-or-create-text.js';

/** Seals with the key of the setting, or with one that the state folder keeps. */
export function secretBox({ stateFolder, secretsKey }: ProcessConfig): SecretBox {
  const text = secretsKey ?? readOrCreateText(stateFolder, 'secrets-key', () => randomBytes(SECRET_KEY_BYTES).toString('base64'));
  return new SecretBox(Buffer.from(text, 'base64'));
}
