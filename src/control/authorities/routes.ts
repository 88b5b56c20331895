import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { DEVICES_MAX, MIB } from '../../../assembly/abi/limits.js';
import { authoritiesAnswer, authorityAnswer, authorityDeletedAnswer } from '../../contract/answers/authorities.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { namePattern } from '../../contract/identity/certificate-names.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, parseQuery, textSchema } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { deviceClassSchema, tenantQuery, tenantSchema } from '../registry/input.js';
import { revocationList } from './revocation-list.js';
import type { Authority, TenantAuthorities } from './tenant-authorities.js';

const CRL_BODY = { bytesMax: 4 * MIB, oversize: 'body_oversize' } as const;

const nameSchema = textSchema((text) =>
  namePattern(text) && !text.includes('{tenant}')
    ? undefined
    : 'must be like cn:{device}, dns:{device}.example.org or uri:urn:dev:{device}',
);
const newAuthoritySchema = z.strictObject({
  tenant: tenantSchema,
  certificate: z.string('must be a certificate in PEM'),
  names: z.array(nameSchema).min(1).max(8).default(['cn:{device}']),
  device_class: deviceClassSchema.nullish(),
  registration: z.boolean().default(false),
  devices_max: z.int().min(1).max(DEVICES_MAX).default(10_000),
});
const crlSchema = z.strictObject({ crl: z.string('must be a revocation list in PEM') });

const listDoc: RouteDoc = {
  summary: 'The authorities of a tenant, whose certificates are those of its devices',
  auth: 'viewer',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: authoritiesAnswer },
  codes: ['query_invalid'],
};
const addDoc: RouteDoc = {
  summary: 'Adds an authority whose certificates let devices of the tenant in, and may register them',
  auth: 'admin',
  // Certificates of authorities are public: a tenant could name another's, and get its devices.
  scope: 'deployment',
  request: newAuthoritySchema,
  answers: { 201: authorityAnswer },
  codes: ['authority_exists', 'authorities_exhausted'],
};
const crlDoc: RouteDoc = {
  summary: 'Replaces the revocation list of an authority, and ends the connections of certificates that it names',
  auth: 'admin',
  scope: 'tenant',
  query: tenantQuery,
  request: crlSchema,
  answers: { 200: authorityAnswer },
  codes: ['authority_unknown', 'body_oversize', 'query_invalid'],
};
const deleteDoc: RouteDoc = {
  summary: 'Deletes an authority, and ends the connections that its certificates let in; devices that it registered stay',
  auth: 'admin',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: authorityDeletedAnswer },
  codes: ['authority_unknown', 'query_invalid'],
};

/** Authorities: added, listed, given revocation lists, and deleted. */
export function authorityRoutes(authorities: TenantAuthorities, keys: KeyCheck): Route[] {
  const admit = adminOnly(keys);

  function list({ query }: Request): Answer | ApiFailure {
    const asked = parseQuery(query, tenantQuery, 'list authorities');
    if (asked instanceof ApiFailure) return asked;
    return json(200, { authorities: authorities.of(asked.tenant).map((one) => viewOf(asked.tenant, one)) });
  }

  async function add({ body }: Request): Promise<Answer | ApiFailure> {
    const input = parseBody(body, newAuthoritySchema, 'add an authority');
    if (input instanceof ApiFailure) return input;
    const { tenant, names, registration: registers, device_class: deviceClass = null, devices_max: devicesMax } = input;
    const read = certificateOf(input.certificate);
    if (typeof read === 'string') return new ApiFailure('body_invalid', `add an authority of tenant ${tenant}`, `certificate ${read}`);
    const common = { names, registers, deviceClass, devicesMax };
    const added = await authorities.add(tenant, { ...common, certificate: read.toString(), fingerprint: fingerprintOf(read) });
    return added instanceof ApiFailure ? added : json(201, viewOf(tenant, added));
  }

  async function setCrl(request: Request): Promise<Answer | ApiFailure> {
    const attempt = `set the revocation list of authority ${request.params[0]}`;
    const found = find(request, attempt);
    if (found instanceof ApiFailure) return found;
    const input = parseBody(request.body, crlSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const crl = revocationList(input.crl, new X509Certificate(found.authority.certificate));
    if (typeof crl === 'string') return new ApiFailure('body_invalid', attempt, `crl is not taken: ${crl}`);
    const changed = await authorities.setCrl(found.tenant, found.authority.id, crl);
    return changed ? json(200, viewOf(found.tenant, changed)) : new ApiFailure('authority_unknown', attempt);
  }

  async function remove(request: Request): Promise<Answer | ApiFailure> {
    const found = find(request, `delete authority ${request.params[0]}`);
    if (found instanceof ApiFailure) return found;
    const { tenant, authority } = found;
    return (await authorities.remove(tenant, authority.id)) ?? json(200, { id: authority.id, tenant, deleted: true });
  }

  function find({ query, params }: Request, attempt: string): { tenant: string; authority: Authority } | ApiFailure {
    const asked = parseQuery(query, tenantQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    const authority = authorities.of(asked.tenant).find(({ id }) => String(id) === params[0]);
    return authority ? { tenant: asked.tenant, authority } : new ApiFailure('authority_unknown', attempt);
  }

  const pattern = '/v1/authorities';
  return [
    { method: 'GET', pattern, doc: listDoc, admit, handle: list },
    { method: 'POST', pattern, doc: addDoc, body: ADMIN_BODY, admit, handle: add },
    { method: 'PUT', pattern: `${pattern}/:id/crl`, doc: crlDoc, body: CRL_BODY, admit, handle: setCrl },
    { method: 'DELETE', pattern: `${pattern}/:id`, doc: deleteDoc, admit, handle: remove },
  ];
}

/** A text: what is wrong with it. */
function certificateOf(pem: string): X509Certificate | string {
  try {
    const certificate = new X509Certificate(pem);
    if (!certificate.ca) return 'must be one of an authority (basicConstraints CA:TRUE)';
    return Date.parse(certificate.validTo) > Date.now() ? certificate : 'must be valid: it has expired';
  } catch {
    return 'must be a certificate in PEM';
  }
}

function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

function viewOf(tenant: string, { id, certificate, names, registers, deviceClass, devicesMax, crl, createdAtMs }: Authority) {
  const read = new X509Certificate(certificate);
  const nextUpdate = crl?.nextUpdateMs ?? null;
  return {
    ...{ id, tenant, names },
    subject: read.subject.replaceAll('\n', ', '),
    fingerprint: fingerprintOf(read),
    valid_to: isoTime(Date.parse(read.validTo)),
    device_class: deviceClass,
    registration: registers,
    devices_max: devicesMax,
    crl: crl && { revoked: crl.serials.length, next_update: nextUpdate === null ? null : isoTime(nextUpdate) },
    created_at: isoTime(createdAtMs),
  };
}
