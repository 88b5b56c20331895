import { z } from 'zod';
import { keyMadeAnswer, keyRevokedAnswer, keysAnswer } from '../../contract/answers/keys.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly } from '../../http/auth.js';
import { json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, labelSchema, parseBody } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import type { AdminKey, AdminKeys } from './admin-keys.js';

const newKeySchema = z.strictObject({ name: labelSchema });

const listDoc: RouteDoc = { summary: 'The admin keys that are valid', auth: 'admin', answers: { 200: keysAnswer }, codes: [] };
const makeDoc: RouteDoc = {
  summary: 'Makes an admin key, which is shown this once',
  auth: 'admin',
  request: newKeySchema,
  answers: { 201: keyMadeAnswer },
  codes: ['keys_exhausted'],
};
const revokeDoc: RouteDoc = {
  summary: 'Revokes an admin key for good',
  auth: 'admin',
  answers: { 200: keyRevokedAnswer },
  codes: ['key_unknown', 'key_last'],
};

/** Admin keys: made, listed without what they are, and revoked. */
export function keyRoutes(keys: AdminKeys): Route[] {
  const admit = adminOnly(keys);
  return [
    { method: 'GET', pattern: '/v1/keys', doc: listDoc, admit, handle: () => json(200, { keys: keys.list().map(viewKey) }) },
    { method: 'POST', pattern: '/v1/keys', doc: makeDoc, body: ADMIN_BODY, admit, handle: (request) => create(keys, request) },
    { method: 'DELETE', pattern: '/v1/keys/:id', doc: revokeDoc, admit, handle: (request) => revoke(keys, request) },
  ];
}

async function create(keys: AdminKeys, { body }: Request) {
  const input = parseBody(body, newKeySchema, 'make an admin key');
  if (input instanceof ApiFailure) return input;
  const made = await keys.create(input.name);
  return made instanceof ApiFailure ? made : json(201, { ...viewKey(made.key), key: made.secret });
}

async function revoke(keys: AdminKeys, { params }: Request) {
  const id = params[0]!;
  if (!/^\d{1,9}$/.test(id)) return new ApiFailure('key_unknown', `revoke admin key ${id}`);
  const revoked = await keys.revoke(Number(id));
  return revoked instanceof ApiFailure ? revoked : json(200, { ...viewKey(revoked), revoked: true });
}

function viewKey({ id, name, createdAtMs }: AdminKey) {
  return { id, name, created_at: isoTime(createdAtMs) };
}
