import { z } from 'zod';
import { serviceDeletedAnswer, serviceMadeAnswer, servicesAnswer } from '../../contract/answers/services.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, parseQuery } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { TENANT_DEFAULT, tenantQuery, tenantSchema } from '../registry/input.js';
import { serviceNameSchema } from './input.js';
import type { ServiceClient, ServiceClients } from './service-clients.js';

const newServiceSchema = z.strictObject({ tenant: tenantSchema, name: serviceNameSchema });

const listDoc: RouteDoc = {
  summary: 'The service clients of a tenant, without their secrets',
  auth: 'viewer',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: servicesAnswer },
  codes: ['query_invalid'],
};
const makeDoc: RouteDoc = {
  summary: 'Makes a service client, whose secret is shown this once',
  auth: 'admin',
  scope: 'tenant',
  request: newServiceSchema,
  answers: { 201: serviceMadeAnswer },
  codes: ['service_client_exists', 'service_clients_exhausted'],
};
const deleteDoc: RouteDoc = {
  summary: 'Deletes a service client and ends its connections',
  auth: 'admin',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: serviceDeletedAnswer },
  codes: ['service_client_unknown', 'query_invalid'],
};

/** Service clients: made, listed, and deleted. */
export function serviceRoutes(services: ServiceClients, keys: KeyCheck): Route[] {
  const admit = adminOnly(keys);

  function list({ query }: Request): Answer | ApiFailure {
    const asked = parseQuery(query, tenantQuery, 'list service clients');
    if (asked instanceof ApiFailure) return asked;
    return json(200, { services: services.of(asked.tenant).map((service) => viewOf(asked.tenant, service)) });
  }

  async function make({ body }: Request): Promise<Answer | ApiFailure> {
    const input = parseBody(body, newServiceSchema, 'make a service client');
    if (input instanceof ApiFailure) return input;
    const { tenant, name } = input;
    const made = await services.create(tenant, name);
    if (made instanceof ApiFailure) return made;
    const username = tenant === TENANT_DEFAULT ? name : `${tenant}/${name}`;
    return json(201, { ...viewOf(tenant, made.service), username, secret: made.secret });
  }

  async function remove({ query, params }: Request): Promise<Answer | ApiFailure> {
    const name = params[0]!;
    const asked = parseQuery(query, tenantQuery, `delete service client ${name}`);
    if (asked instanceof ApiFailure) return asked;
    return (await services.remove(asked.tenant, name)) ?? json(200, { tenant: asked.tenant, name, deleted: true });
  }

  return [
    { method: 'GET', pattern: '/v1/services', doc: listDoc, admit, handle: list },
    { method: 'POST', pattern: '/v1/services', doc: makeDoc, body: ADMIN_BODY, admit, handle: make },
    { method: 'DELETE', pattern: '/v1/services/:name', doc: deleteDoc, admit, handle: remove },
  ];
}

function viewOf(tenant: string, { name, createdAtMs }: ServiceClient) {
  return { tenant, name, created_at: isoTime(createdAtMs) };
}
