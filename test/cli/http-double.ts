import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatId } from '../../src/cli/options.js';

/** Devices and messages of a double of the appliance, kept in memory. */
export class FleetDouble {
  readonly #path: string | undefined;
  readonly devices = new Map<
    string,
    { device_id: string; tenant: string; token: string; number: number; via: string | null; device_class: string | null }
  >();
  /** By "tenant/id", where it was given. */
  readonly metadata = new Map<string, unknown>();
  readonly keys = ['first'];
  readonly messages: { tenant: string; device: string; payload: { ts: number; metrics: Record<string, number>; seq: number } }[] = [];

  /** With a path the devices outlive the process. */
  constructor(path?: string) {
    this.#path = path;
    if (path === undefined || !existsSync(path)) return;
    for (const device of JSON.parse(readFileSync(path, 'utf8'))) this.devices.set(`${device.tenant}/${device.device_id}`, device);
  }

  save(): void {
    if (this.#path !== undefined) writeFileSync(this.#path, JSON.stringify([...this.devices.values()]));
  }

  add(tenant: string, id: string, token: string, via: string | null = null, deviceClass: string | null = null): boolean {
    if (this.devices.has(`${tenant}/${id}`)) return false;
    this.devices.set(`${tenant}/${id}`, { device_id: id, tenant, token, number: this.devices.size + 1, via, device_class: deviceClass });
    return true;
  }

  admits(tenant: string, id: string, token: string): boolean {
    return this.devices.get(`${tenant}/${id}`)?.token === token;
  }

  take(tenant: string, device: string, payload: string): void {
    this.messages.push({ tenant, device, payload: JSON.parse(payload) });
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The part of the HTTP contract that the command line uses, over real HTTP. */
export async function startHttpDouble(fleet: FleetDouble, adminKey: string, port: number): Promise<{ server: Server; port: number }> {
  const server = createServer(async (request, response) => {
    const { status, body } = answer(fleet, adminKey, request, await bodyOf(request));
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  return { server, port: (server.address() as AddressInfo).port };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function answer(fleet: FleetDouble, adminKey: string, request: IncomingMessage, body: string): Answer {
  const url = new URL(request.url ?? '/', 'http://double');
  const [, , area = '', id = '', member] = url.pathname.split('/').map(decodeURIComponent);
  const tenant = url.searchParams.get('tenant') ?? 'default';
  const bearer = request.headers.authorization?.replace('Bearer ', '') ?? '';
  if (area === 'ingest') {
    if (!fleet.admits(tenant, id, bearer)) return refusal(401, 'credentials_invalid', `cannot take a message of ${id}: wrong token`);
    fleet.take(tenant, id, body);
    return { status: 202, body: { status: 'durable' } };
  }
  if (bearer !== adminKey)
    return refusal(401, 'admin_key_invalid', 'cannot use the API: the admin key is wrong', 'use the key in <state>/admin-key');
  if (area === 'keys') return answerKeys(fleet, request.method, id, body);
  if (area === 'stats') return { status: 200, body: { counters: { received: fleet.messages.length } } };
  if (area === 'pipeline') return { status: 200, body: { partitions: [], lag_bytes: 0, lag_ms: 0 } };
  if (area === 'tenants') return { status: 200, body: { tenants: tenantsOf(fleet) } };
  if (request.method === 'POST' && member === undefined)
    return id === 'bulk' ? addBulk(fleet, JSON.parse(body)) : addOne(fleet, JSON.parse(body));
  if (id === '') return list(fleet, tenant, Number(url.searchParams.get('limit')), url.searchParams.get('after') ?? '');
  const device = fleet.devices.get(`${tenant}/${id}`);
  if (!device)
    return refusal(
      404,
      'device_unknown',
      `cannot read device ${id}: it is not in the registry`,
      'register it: npx spillway device add --id ID',
    );
  if (request.method === 'DELETE') {
    fleet.devices.delete(`${tenant}/${id}`);
    return { status: 200, body: { device_id: id, number: device.number } };
  }
  if (member === 'token') {
    const { token = 'made-token', grace_seconds: grace } = JSON.parse(body);
    device.token = token;
    return { status: 200, body: { device_id: id, auth_token: token, previous_valid_until: grace === 0 ? null : `in ${grace} s` } };
  }
  if (member === undefined) return { status: 200, body: shown(device) };
  const metric = url.searchParams.get('metric') ?? '';
  const from = Number(url.searchParams.get('from'));
  const points = fleet.messages
    .filter((message) => message.tenant === tenant && message.device === id && message.payload.ts >= from)
    .map(({ payload }) => ({ ts: new Date(payload.ts).toISOString(), value: payload.metrics[metric] }));
  return { status: 200, body: { device_id: id, metric, points } };
}

function answerKeys({ keys }: FleetDouble, method: string | undefined, id: string, body: string): Answer {
  const rights = { role: 'admin', tenant: null, group: null, expires_at: null, last_used_at: null };
  const view = (name: string, index: number) => ({ id: index + 1, name, ...rights, created_at: '2024-01-01T00:00:00.000Z' });
  if (method === 'GET') return { status: 200, body: { keys: keys.map(view) } };
  if (method === 'POST') {
    const { name } = JSON.parse(body);
    return { status: 201, body: { ...view(name, keys.push(name) - 1), key: `the-key-of-${name}` } };
  }
  if (keys.length === 1) return refusal(409, 'key_last', 'cannot revoke admin key 1: it is the only one');
  return { status: 200, body: view(keys.splice(Number(id) - 1, 1)[0]!, Number(id) - 1) };
}

function refusal(status: number, code: string, message: string, wayOut?: string): Answer {
  return { status, body: { error: { code, message, way_out: wayOut } } };
}

function shown({ token: _, ...device }: { token: string }) {
  const latest = { temperature: { value: 21.5, ts: '2024-01-01T00:00:00.000Z' } };
  const noted = { model: null, serial: null, owner: null, location: null, tags: {}, groups: [] };
  return {
    ...device,
    ...noted,
    status: 'active',
    connected: true,
    throttled: null,
    registered_at: '2024-01-01T00:00:00.000Z',
    last_seen_at: null,
    latest,
  };
}

function addOne(fleet: FleetDouble, body: Record<string, string>): Answer {
  const { device_id: id = 'made-up', tenant = 'default', token = 'made-token', via = null, device_class: deviceClass = null } = body;
  if (body.metadata !== undefined) fleet.metadata.set(`${tenant}/${id}`, body.metadata);
  if (!fleet.add(tenant, id, token, via, deviceClass))
    return refusal(409, 'device_exists', `cannot register device ${id}: the id is taken`);
  return { status: 201, body: { ...shown(fleet.devices.get(`${tenant}/${id}`)!), auth_token: token } };
}

function addBulk(fleet: FleetDouble, body: Record<string, string> & { count: number; per_gateway?: number }): Answer {
  const { count, id_format: format = '', tenant = 'default', token, via_format: viaFormat, per_gateway: perGateway = 500 } = body;
  let gatewaysCreated = 0;
  const made: { device_id: string; auth_token: string }[] = [];
  const existing = new Set<string>();
  for (let index = 1; index <= count; index++) {
    const gateway = viaFormat === undefined ? null : formatId(viaFormat, Math.ceil(index / perGateway));
    if (gateway !== null && fleet.add(tenant, gateway, token ?? `token-${gateway}`)) gatewaysCreated++;
    else if (gateway !== null && index % perGateway === 1) existing.add(gateway);
    const id = formatId(format, index);
    if (fleet.add(tenant, id, token ?? `token-${id}`, gateway)) made.push({ device_id: id, auth_token: token ?? `token-${id}` });
    else existing.add(id);
  }
  const ends = { first: formatId(format, 1), last: formatId(format, count) };
  return {
    status: 201,
    body: {
      created: made.length,
      gateways_created: gatewaysCreated,
      existing: existing.size,
      existing_ids: [...existing],
      ...ends,
      tenant,
      ...(token === undefined ? { devices: made } : {}),
    },
  };
}

function tenantsOf(fleet: FleetDouble): { tenant: string; devices: number }[] {
  const tenants = [...fleet.devices.values()].map(({ tenant }) => tenant);
  return [...new Set(tenants)].sort().map((tenant) => ({ tenant, devices: tenants.filter((one) => one === tenant).length }));
}

function list(fleet: FleetDouble, tenant: string, limit: number, after: string): Answer {
  const all = [...fleet.devices.values()].filter((device) => device.tenant === tenant).sort((a, b) => (a.device_id < b.device_id ? -1 : 1));
  const rest = all.filter((device) => device.device_id > after);
  const page = rest.slice(0, limit);
  const next = rest.length > limit ? page.at(-1)!.device_id : null;
  return { status: 200, body: { devices: page.map(shown), total: all.length, next } };
}
