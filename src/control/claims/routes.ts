import { z } from 'zod';
import { claimAnswer, claimCodeRevokedAnswer, claimCodesAnswer, claimCodesMadeAnswer } from '../../contract/answers/claims.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, labelSchema, parseBody, parseQuery, textSchema } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { deviceClassSchema, deviceIdSchema, tenantQuery, tenantSchema } from '../registry/input.js';
import type { ClaimCode, ClaimCodes } from './claim-codes.js';
import type { Claims } from './claims.js';

const BATCH_MAX = 10_000;
const PAGE_MAX = 1000;

const newCodesSchema = z.strictObject({
  tenant: tenantSchema,
  /** What the audit log and the list call them: an order, a batch of devices. */
  name: labelSchema,
  device_class: deviceClassSchema.nullish(),
  /** Devices that each code lets in. */
  uses: z.int().min(1).max(1_000_000).default(1),
  count: z.int().min(1).max(BATCH_MAX).default(1),
  expires_at: z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time with a zone' }).nullish(),
});
const listQuery = tenantQuery.extend({
  cursor: z
    .string()
    .regex(/^\d{1,9}$/, 'must be what next said')
    .optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(100),
});
const claimSchema = z.strictObject({
  code: textSchema((text) => (text.length > 0 && text.length <= 64 ? undefined : 'must have 1 to 64 characters')),
  serial: deviceIdSchema,
});

const listDoc: RouteDoc = {
  summary: 'The claim codes of a tenant that were not revoked, newest first, without the codes',
  auth: 'operator',
  scope: 'tenant',
  query: listQuery,
  answers: { 200: claimCodesAnswer },
  codes: ['query_invalid'],
};
const makeDoc: RouteDoc = {
  summary: 'Makes codes by which devices register themselves, which are shown this once',
  auth: 'operator',
  scope: 'tenant',
  request: newCodesSchema,
  answers: { 201: claimCodesMadeAnswer },
  codes: ['claim_codes_exhausted'],
};
const revokeDoc: RouteDoc = {
  summary: 'Revokes a claim code; devices that it let in stay',
  auth: 'operator',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: claimCodeRevokedAnswer },
  codes: ['claim_code_unknown', 'query_invalid'],
};
const claimDoc: RouteDoc = {
  summary: 'Registers the device that has a claim code; its id is its serial number, and its token is shown this once',
  auth: 'nothing',
  request: claimSchema,
  answers: { 201: claimAnswer },
  codes: ['claim_refused', 'claims_limited', 'device_exists', 'devices_exhausted', 'state_unwritable'],
};

/** Claim codes: made, listed, revoked; and used by devices. */
export function claimRoutes(claims: Claims, codes: ClaimCodes, keys: KeyCheck): Route[] {
  const admit = adminOnly(keys);

  async function list({ query }: Request): Promise<Answer | ApiFailure> {
    const asked = parseQuery(query, listQuery, 'list claim codes');
    if (asked instanceof ApiFailure) return asked;
    const { tenant, cursor, limit } = asked;
    const found = await codes.list(tenant, cursor === undefined ? undefined : Number(cursor), limit + 1);
    const shown = found.slice(0, limit);
    return json(200, { claim_codes: shown.map(viewOf), next: found.length > limit ? String(shown.at(-1)!.id) : null });
  }

  async function make({ body }: Request): Promise<Answer | ApiFailure> {
    const attempt = 'make claim codes';
    const input = parseBody(body, newCodesSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const { tenant, name, uses, count, device_class: deviceClass = null, expires_at: expires } = input;
    const expiresMs = expires ? Date.parse(expires) : null;
    if (expiresMs !== null && expiresMs <= Date.now()) return new ApiFailure('body_invalid', attempt, 'expires_at must be to come');
    const made = await codes.create({ tenant, name, uses, count, deviceClass, expiresMs });
    return made instanceof ApiFailure ? made : json(201, { claim_codes: made.map((one) => ({ ...viewOf(one), code: one.code })) });
  }

  async function revoke({ query, params }: Request): Promise<Answer | ApiFailure> {
    const id = params[0]!;
    const attempt = `revoke claim code ${id}`;
    const asked = parseQuery(query, tenantQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    if (!/^\d{1,9}$/.test(id)) return new ApiFailure('claim_code_unknown', attempt);
    return (await codes.revoke(asked.tenant, Number(id))) ?? json(200, { id: Number(id), tenant: asked.tenant, revoked: true });
  }

  async function claim({ body, address }: Request): Promise<Answer | ApiFailure> {
    const input = parseBody(body, claimSchema, 'claim a device');
    if (input instanceof ApiFailure) return input;
    const claimed = await claims.claim({ ...input, address });
    if (claimed instanceof ApiFailure) return claimed;
    const { id, tenant, deviceClass } = claimed.device;
    return json(201, { device_id: id, tenant, device_class: deviceClass, auth_token: claimed.token });
  }

  return [
    { method: 'GET', pattern: '/v1/claim-codes', doc: listDoc, admit, handle: list },
    { method: 'POST', pattern: '/v1/claim-codes', doc: makeDoc, body: ADMIN_BODY, admit, handle: make },
    { method: 'DELETE', pattern: '/v1/claim-codes/:id', doc: revokeDoc, admit, handle: revoke },
    { method: 'POST', pattern: '/v1/claim', doc: claimDoc, body: ADMIN_BODY, handle: claim },
  ];
}

function viewOf({ id, tenant, name, deviceClass, used, uses, expiresMs, createdAtMs }: ClaimCode) {
  return {
    ...{ id, tenant, name, used, uses },
    device_class: deviceClass,
    expires_at: expiresMs === null ? null : isoTime(expiresMs),
    created_at: isoTime(createdAtMs),
  };
}
