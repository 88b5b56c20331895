import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { packKeyAnswer, packKeyRemovedAnswer, packKeysAnswer } from '../../contract/answers/packs.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, labelSchema, parseBody } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import type { PackKey, PackKeys } from './pack-keys.js';

const newKeySchema = z.strictObject({ name: labelSchema, public_key: z.string('must be a public key in PEM') });

const docs = {
  list: {
    summary: 'The keys whose signatures of packs are trusted',
    auth: 'viewer',
    scope: 'deployment',
    answers: { 200: packKeysAnswer },
    codes: [],
  },
  add: {
    summary: 'Trusts a key: packs that it signed may be installed',
    auth: 'admin',
    scope: 'deployment',
    request: newKeySchema,
    answers: { 201: packKeyAnswer },
    codes: ['pack_keys_exhausted'],
  },
  remove: {
    summary: 'Trusts a key no longer; what it signed and is installed stays',
    auth: 'admin',
    scope: 'deployment',
    answers: { 200: packKeyRemovedAnswer },
    codes: ['pack_key_unknown'],
  },
} satisfies Record<string, RouteDoc>;

/** Keys of those who make packs. */
export function packKeyRoutes(packKeys: PackKeys, keys: KeyCheck): Route[] {
  const admit = adminOnly(keys);

  async function add({ body }: Request): Promise<Answer | ApiFailure> {
    const attempt = 'trust a pack key';
    const input = parseBody(body, newKeySchema, attempt);
    if (input instanceof ApiFailure) return input;
    const publicKey = publicKeyOf(input.public_key);
    if (!publicKey) return new ApiFailure('body_invalid', attempt, 'public_key must be a public key of Ed25519 in PEM');
    const added = await packKeys.add(input.name, publicKey);
    return added instanceof ApiFailure ? added : json(201, viewOf(added));
  }

  async function remove({ params }: Request): Promise<Answer | ApiFailure> {
    return (await packKeys.remove(params[0]!)) ?? json(200, { key_id: params[0], removed: true });
  }

  const list = async () => json(200, { pack_keys: (await packKeys.list()).map(viewOf) });
  return [
    { method: 'GET', pattern: '/v1/pack-keys', doc: docs.list, admit, handle: list },
    { method: 'POST', pattern: '/v1/pack-keys', doc: docs.add, body: ADMIN_BODY, admit, handle: add },
    { method: 'DELETE', pattern: '/v1/pack-keys/:id', doc: docs.remove, admit, handle: remove },
  ];
}

/** Whoever sends the private key by mistake must not see it kept. */
function publicKeyOf(pem: string): KeyObject | undefined {
  if (pem.includes('PRIVATE KEY')) return undefined;
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

function viewOf({ keyId, name, publicKey, createdAtMs }: PackKey) {
  return { key_id: keyId, name, public_key: publicKey.export({ type: 'spki', format: 'pem' }), created_at: isoTime(createdAtMs) };
}
