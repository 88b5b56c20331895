import { credentialMadeAnswer, credentialRevokedAnswer, credentialsAnswer } from '../../contract/answers/credentials.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import type { SecretBox } from '../../contract/secret-box.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { deviceOf, tenantQuery } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import type { StoredCredential } from './credential.js';
import type { DeviceCredentials } from './device-credentials.js';
import { madeOf, newCredentialSchema } from './input.js';

export interface CredentialRoutesOptions {
  readonly credentials: DeviceCredentials;
  readonly box: SecretBox;
  readonly registry: Pick<Registry, 'get' | 'groups' | 'unknown'>;
  readonly keys: KeyCheck;
}

const ofDevice = { auth: 'operator', scope: 'device', query: tenantQuery } as const;
const listDoc: RouteDoc = {
  ...ofDevice,
  summary: 'The credentials of a device beside its token, without their secrets',
  answers: { 200: credentialsAnswer },
  codes: ['device_unknown'],
};
const makeDoc: RouteDoc = {
  ...ofDevice,
  summary: 'Makes a credential of a device, whose secret is shown this once',
  request: newCredentialSchema,
  answers: { 201: credentialMadeAnswer },
  codes: ['device_unknown', 'device_decommissioned', 'credential_exists', 'credentials_exhausted'],
};
const revokeDoc: RouteDoc = {
  ...ofDevice,
  summary: 'Revokes a credential for good, and ends the connections that it let in',
  answers: { 200: credentialRevokedAnswer },
  codes: ['device_unknown', 'credential_unknown'],
};

/** Credentials of devices: made, listed without their secrets, and revoked. */
export function credentialRoutes({ credentials, box, registry, keys }: CredentialRoutesOptions): Route[] {
  const admit = adminOnly(keys);
  const pattern = '/v1/devices/:id/credentials';

  function list(request: Request): Answer | ApiFailure {
    const device = deviceOf(registry, request, 'list the credentials of');
    if (device instanceof ApiFailure) return device;
    return json(200, { device_id: device.id, tenant: device.tenant, credentials: credentials.of(device.number).map(viewOf) });
  }

  async function make(request: Request): Promise<Answer | ApiFailure> {
    const device = deviceOf(registry, request, 'make a credential of');
    if (device instanceof ApiFailure) return device;
    const attempt = `make a credential of device ${device.id}`;
    if (device.status === 'decommissioned') return new ApiFailure('device_decommissioned', attempt);
    const input = parseBody(request.body, newCredentialSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const made = madeOf(input, device, box);
    if (typeof made === 'string') return new ApiFailure('body_invalid', attempt, made);
    const added = await credentials.add(device, made.credential);
    if (added instanceof ApiFailure) return added;
    return json(201, { device_id: device.id, tenant: device.tenant, ...viewOf(added), ...made.secret });
  }

  async function revoke(request: Request): Promise<Answer | ApiFailure> {
    const device = deviceOf(registry, request, 'revoke a credential of');
    if (device instanceof ApiFailure) return device;
    const id = request.params[1]!;
    if (!/^\d{1,9}$/.test(id)) return new ApiFailure('credential_unknown', `revoke credential ${id} of device ${device.id}`);
    const failure = await credentials.revoke(device, Number(id));
    return failure ?? json(200, { device_id: device.id, tenant: device.tenant, id: Number(id), revoked: true });
  }

  return [
    { method: 'GET', pattern, doc: listDoc, admit, handle: list },
    { method: 'POST', pattern, doc: makeDoc, body: ADMIN_BODY, admit, handle: make },
    { method: 'DELETE', pattern: `${pattern}/:credential`, doc: revokeDoc, admit, handle: revoke },
  ];
}

function viewOf({ id, type, fingerprint, shown, notBeforeMs, expiresMs, createdAtMs }: StoredCredential) {
  return {
    id,
    type,
    ...(fingerprint === null ? {} : { fingerprint }),
    ...(type === 'x509' && shown ? { certificate: shown } : {}),
    ...(type === 'jwt' && shown ? { public_key: shown } : {}),
    not_before: notBeforeMs === null ? null : isoTime(notBeforeMs),
    expires_at: expiresMs === null ? null : isoTime(expiresMs),
    created_at: isoTime(createdAtMs),
  };
}
