import { createHash } from 'node:crypto';

/** Longer names are replaced by their hash, so that topics keep to Kafka's 249 characters after any prefix that the settings allow. */
const NAME_CHARS_MAX = 100;
const HASH_CHARS = 32;

/**
 * The topic of one tenant, another one for each. What topics may not have is written as `_` and two hexadecimal digits a byte; so are
 * `.` and `_`, which the brokers take for the same: `a.b` is `a_2Eb`. What gets too long is `__` and a hash.
 */
export function tenantTopic(topic: string, tenant: string): string {
  let name = '';
  for (const byte of Buffer.from(tenant)) {
    const char = String.fromCharCode(byte);
    name += /[A-Za-z0-9-]/.test(char) ? char : `_${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  if (name.length > NAME_CHARS_MAX) name = `__${createHash('sha256').update(tenant).digest('hex').slice(0, HASH_CHARS)}`;
  return `${topic}.${name}`;
}
