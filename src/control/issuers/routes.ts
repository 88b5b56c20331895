import { issuerAnswer, issuerDeletedAnswer, issuersAnswer } from '../../contract/answers/issuers.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { callersTenant } from '../../http/caller.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, parseQuery } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantQuery } from '../registry/input.js';
import { newIssuerSchema } from './input.js';
import type { KeyFetcher } from './key-fetcher.js';
import { fetchKeys, keysOf } from './key-set.js';
import type { TokenIssuer, TokenIssuers } from './token-issuers.js';

const FIRST_FETCH_MS = 5000;

const listDoc: RouteDoc = {
  summary: 'Who signs tokens for devices of a tenant',
  auth: 'viewer',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: issuersAnswer },
  codes: ['query_invalid'],
};
const addDoc: RouteDoc = {
  summary: 'Adds an issuer whose tokens prove devices of the tenant; its keys are fetched first where they are not given',
  auth: 'admin',
  scope: 'tenant',
  request: newIssuerSchema,
  answers: { 201: issuerAnswer },
  codes: ['issuer_exists', 'issuers_exhausted', 'issuer_keys_unusable', 'scope_forbidden'],
};
const deleteDoc: RouteDoc = {
  summary: 'Deletes an issuer and ends the connections that its tokens let in',
  auth: 'admin',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: issuerDeletedAnswer },
  codes: ['issuer_unknown', 'query_invalid'],
};

/** Issuers of tokens: added, listed, and deleted. */
export function issuerRoutes(issuers: TokenIssuers, fetcher: KeyFetcher, keys: KeyCheck): Route[] {
  const admit = adminOnly(keys);

  function list({ query }: Request): Answer | ApiFailure {
    const asked = parseQuery(query, tenantQuery, 'list issuers');
    if (asked instanceof ApiFailure) return asked;
    return json(200, { issuers: issuers.of(asked.tenant).map((issuer) => viewOf(asked.tenant, issuer)) });
  }

  async function add({ body }: Request): Promise<Answer | ApiFailure> {
    const input = parseBody(body, newIssuerSchema, 'add an issuer');
    if (input instanceof ApiFailure) return input;
    const { tenant, issuer, audience, algorithms, jwks_url: jwksUrl = null } = input;
    const attempt = `add issuer ${issuer} of tenant ${tenant}`;
    // It would make this server call addresses that the tenant cannot reach itself.
    if (jwksUrl !== null && callersTenant() !== undefined)
      return new ApiFailure('scope_forbidden', attempt, 'jwks_url needs a key of all tenants; give the keys in jwks');
    const found = jwksUrl === null ? keysOf(input.jwks) : await fetchKeys(jwksUrl, FIRST_FETCH_MS).catch((error: Error) => error.message);
    if (typeof found === 'string') return new ApiFailure('issuer_keys_unusable', attempt, found);
    const claims = { deviceClaim: input.device_claim, tenantClaim: input.tenant_claim ?? null };
    const added = await issuers.add(tenant, { issuer, audience, algorithms, jwksUrl, ...claims, keys: found, keysAtMs: Date.now() });
    return added instanceof ApiFailure ? added : json(201, viewOf(tenant, added));
  }

  async function remove({ query, params }: Request): Promise<Answer | ApiFailure> {
    const id = params[0]!;
    const attempt = `delete issuer ${id}`;
    const asked = parseQuery(query, tenantQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    if (!/^\d{1,9}$/.test(id)) return new ApiFailure('issuer_unknown', attempt);
    const removed = await issuers.remove(asked.tenant, Number(id));
    if (removed instanceof ApiFailure) return removed;
    return json(200, { id: Number(id), tenant: asked.tenant, issuer: removed.issuer, deleted: true });
  }

  function viewOf(tenant: string, { id, issuer, audience, algorithms, ...one }: TokenIssuer) {
    return {
      ...{ id, tenant, issuer, audience, algorithms },
      device_claim: one.deviceClaim,
      tenant_claim: one.tenantClaim,
      jwks_url: one.jwksUrl,
      keys: one.keys.map(({ kid }) => kid ?? null),
      keys_at: isoTime(fetcher.fetchedMs(id) ?? one.keysAtMs),
      fetch_failure: fetcher.failureOf(id) ?? null,
      created_at: isoTime(one.createdAtMs),
    };
  }

  return [
    { method: 'GET', pattern: '/v1/issuers', doc: listDoc, admit, handle: list },
    { method: 'POST', pattern: '/v1/issuers', doc: addDoc, body: ADMIN_BODY, admit, handle: add },
    { method: 'DELETE', pattern: '/v1/issuers/:id', doc: deleteDoc, admit, handle: remove },
  ];
}
