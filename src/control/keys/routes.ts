import { z } from 'zod';
import { keyMadeAnswer, keyRevokedAnswer, keysAnswer } from '../../contract/answers/keys.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly } from '../../http/auth.js';
import { callersTenant, currentCall, KEY_ROLES, seesTenant } from '../../http/caller.js';
import { json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, labelSchema, parseBody } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantSchema } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import type { AdminKeys } from './admin-keys.js';
import type { AdminKey } from './key-rows.js';

const newKeySchema = z.strictObject({
  name: labelSchema,
  role: z.enum(KEY_ROLES, `must be one of ${KEY_ROLES.join(', ')}`).default('admin'),
  /** Absent or null: all tenants. */
  tenant: tenantSchema.unwrap().nullish(),
  /** Id or path of a group of devices of the tenant. */
  group: z.union([z.string(), z.int().transform(String)], 'must be the id or the path of a group').nullish(),
  expires_at: z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time with a zone' }).nullish(),
});

const listDoc: RouteDoc = {
  summary: 'The keys that were not revoked',
  auth: 'admin',
  scope: 'tenant',
  answers: { 200: keysAnswer },
  codes: [],
};
const makeDoc: RouteDoc = {
  summary: 'Makes a key, which is shown this once, of a role and, where that is wanted, of one tenant, of a group, or for a time',
  auth: 'admin',
  scope: 'tenant',
  request: newKeySchema,
  answers: { 201: keyMadeAnswer },
  codes: ['keys_exhausted', 'group_unknown'],
};
const revokeDoc: RouteDoc = {
  summary: 'Revokes a key for good',
  auth: 'admin',
  scope: 'tenant',
  answers: { 200: keyRevokedAnswer },
  codes: ['key_unknown', 'key_last'],
};

export interface KeyRoutesOptions {
  readonly keys: AdminKeys;
  readonly registry: Pick<Registry, 'groups'>;
}

/** Keys of operators: made, listed without what they are, and revoked. */
export function keyRoutes({ keys, registry }: KeyRoutesOptions): Route[] {
  const admit = adminOnly(keys);

  function list() {
    const seen = keys.list().filter(({ tenant }) => seesTenant(tenant));
    return json(200, { keys: seen.map(viewKey) });
  }

  /** When the key of the call ends; null: never, or a person calls. */
  function callersEndMs(): number | null {
    const caller = currentCall()?.principal;
    return (caller?.kind === 'key' ? keys.list().find(({ id }) => String(id) === caller.id)?.expiresAtMs : null) ?? null;
  }

  async function create({ body }: Request) {
    const attempt = 'make an admin key';
    const input = parseBody(body, newKeySchema, attempt);
    if (input instanceof ApiFailure) return input;
    const { name, role, group: named, expires_at: expires } = input;
    const tenant = input.tenant ?? callersTenant() ?? null;
    if (named && tenant === null) return new ApiFailure('body_invalid', attempt, 'group needs tenant: groups are of one');
    const group = named ? registry.groups.of(tenant!).find(named) : undefined;
    if (named && !group) return new ApiFailure('group_unknown', attempt);
    const ownEndMs = callersEndMs();
    const expiresAtMs = expires ? Date.parse(expires) : ownEndMs;
    if (ownEndMs !== null && (expiresAtMs ?? ownEndMs) > ownEndMs)
      return new ApiFailure('body_invalid', attempt, 'expires_at must not be later than the end of the key that makes it');
    if (expiresAtMs !== null && expiresAtMs <= Date.now()) return new ApiFailure('body_invalid', attempt, 'expires_at must be to come');
    const made = await keys.create({ name, role, tenant, group: group?.number ?? null, expiresAtMs });
    return made instanceof ApiFailure ? made : json(201, { ...viewKey(made.key), key: made.secret });
  }

  async function revoke({ params }: Request) {
    const id = params[0]!;
    if (!/^\d{1,9}$/.test(id)) return new ApiFailure('key_unknown', `revoke admin key ${id}`);
    const revoked = await keys.revoke(Number(id));
    return revoked instanceof ApiFailure ? revoked : json(200, { ...viewKey(revoked), revoked: true });
  }

  function viewKey({ id, name, role, tenant, group, createdAtMs, expiresAtMs }: AdminKey) {
    const usedMs = keys.usedMs(id);
    return {
      id,
      name,
      role,
      tenant,
      group: group === null ? null : (registry.groups.of(tenant!).pathOf(group) ?? String(group)),
      created_at: isoTime(createdAtMs),
      expires_at: expiresAtMs === null ? null : isoTime(expiresAtMs),
      last_used_at: usedMs === undefined ? null : isoTime(usedMs),
    };
  }

  return [
    { method: 'GET', pattern: '/v1/keys', doc: listDoc, admit, handle: list },
    { method: 'POST', pattern: '/v1/keys', doc: makeDoc, body: ADMIN_BODY, admit, handle: create },
    { method: 'DELETE', pattern: '/v1/keys/:id', doc: revokeDoc, admit, handle: revoke },
  ];
}
