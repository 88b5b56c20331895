import { z } from 'zod';
import { deletedAnswer, deviceAnswer, devicesAnswer, registeredAnswer, rotatedAnswer } from '../../contract/answers/devices.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { callersGroup } from '../../http/caller.js';
import { json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, parseQuery, wholeNumber } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { csvAnswer } from './csv-routes.js';
import { type DetailsInput, detailsPatch, detailsSchema, newDetails } from './details-input.js';
import type { Device } from './device.js';
import { searchOf, searchQuery } from './device-search.js';
import { type DeviceSources, viewDevices } from './device-view.js';
import {
  deviceClassSchema,
  deviceIdSchema,
  deviceOf,
  firmwareSchema,
  metadataSchema,
  statusSchema,
  tenantQuery,
  tenantSchema,
  tokenSchema,
} from './input.js';
import type { Registry } from './registry.js';

const DEVICES_PAGE_MAX = 1000;
const CSV_PAGE_MAX = 10_000;
const EMPTY_OBJECT = new TextEncoder().encode('{}');

const newDeviceSchema = z.strictObject({
  device_id: deviceIdSchema.optional(),
  tenant: tenantSchema,
  token: tokenSchema.optional(),
  via: deviceIdSchema.nullish(),
  device_class: deviceClassSchema.nullish(),
  firmware_version: firmwareSchema.nullish(),
  metadata: metadataSchema.optional(),
  ...detailsSchema,
});
/** Long enough for devices that wake once a day. */
const GRACE_SECONDS_DEFAULT = 86_400;
const GRACE_SECONDS_MAX = 30 * 86_400;

const changeSchema = z.strictObject({
  status: statusSchema.optional(),
  metadata: metadataSchema.optional(),
  device_class: deviceClassSchema.nullish(),
  firmware_version: firmwareSchema.nullish(),
  ...detailsSchema,
});
const graceProblem = `must be a whole number from 0 to ${GRACE_SECONDS_MAX}`;
const rotateSchema = z.strictObject({
  token: tokenSchema.optional(),
  grace_seconds: z.int(graceProblem).min(0, graceProblem).max(GRACE_SECONDS_MAX, graceProblem).default(GRACE_SECONDS_DEFAULT),
});
const listSchema = searchQuery.extend({
  limit: wholeNumber(1, CSV_PAGE_MAX, 100),
  after: z.string().optional(),
  /** csv: without live values, and up to 10,000 devices a page; the header X-Next says where the next page begins. */
  format: z.enum(['json', 'csv'], 'must be json or csv').optional(),
  /** The answer says how many devices match, for which all of them are looked at. */
  count: z.enum(['true', 'false'], 'must be true or false').optional(),
});

export interface DeviceRoutesOptions extends DeviceSources {
  readonly registry: Registry;
  readonly keys: KeyCheck;
}

const ofOne = { auth: 'operator', scope: 'device', query: tenantQuery } as const;
const docs = {
  register: {
    summary: 'Registers a device; its token is shown this once',
    auth: 'operator',
    scope: 'tenant',
    request: newDeviceSchema,
    answers: { 201: registeredAnswer },
    codes: ['token_too_short', 'gateway_unknown', 'group_unknown', 'device_exists', 'devices_exhausted', 'state_unwritable'],
  },
  list: {
    summary: 'Devices by id that match what the query asks, a page at a time; tag may be given several times',
    auth: 'viewer',
    scope: 'device',
    query: listSchema,
    answers: { 200: devicesAnswer },
    codes: ['group_unknown'],
  },
  read: {
    ...ofOne,
    auth: 'viewer',
    summary: 'A device with its latest readings',
    answers: { 200: deviceAnswer },
    codes: ['device_unknown'],
  },
  change: {
    ...ofOne,
    summary: 'Changes what the body names, as RFC 7396 merges it: null takes a member away, groups are replaced as a whole',
    request: changeSchema,
    answers: { 200: deviceAnswer },
    codes: ['device_unknown', 'device_decommissioned', 'group_unknown'],
  },
  remove: {
    ...ofOne,
    summary: 'Deletes a device; its readings stay under its number',
    answers: { 200: deletedAnswer },
    codes: ['device_unknown'],
  },
  rotate: {
    ...ofOne,
    summary: 'Gives a device a new token; the present one stays valid for a time',
    request: rotateSchema,
    answers: { 200: rotatedAnswer },
    codes: ['device_unknown', 'device_decommissioned', 'token_too_short'],
  },
} satisfies Record<string, RouteDoc>;

export function deviceRoutes(services: DeviceRoutesOptions): Route[] {
  const admit = adminOnly(services.keys);
  return [
    {
      method: 'POST',
      pattern: '/v1/devices',
      doc: docs.register,
      body: ADMIN_BODY,
      admit,
      handle: (request) => register(services, request),
    },
    { method: 'GET', pattern: '/v1/devices', doc: docs.list, admit, handle: (request) => list(services, request) },
    { method: 'GET', pattern: '/v1/devices/:id', doc: docs.read, admit, handle: (request) => read(services, request) },
    {
      method: 'PATCH',
      pattern: '/v1/devices/:id',
      doc: docs.change,
      body: ADMIN_BODY,
      admit,
      handle: (request) => change(services, request),
    },
    { method: 'DELETE', pattern: '/v1/devices/:id', doc: docs.remove, admit, handle: (request) => remove(services, request) },
    {
      method: 'POST',
      pattern: '/v1/devices/:id/token',
      doc: docs.rotate,
      body: ADMIN_BODY,
      admit,
      handle: (request) => rotate(services, request),
    },
  ];
}

async function register({ registry }: DeviceRoutesOptions, { body }: Request) {
  const input = parseBody(body, newDeviceSchema, 'register device');
  if (input instanceof ApiFailure) return input;
  const details = detailsOf(registry, input, input.tenant);
  if (details instanceof ApiFailure) return details;
  const created = await registry.create({
    tenant: input.tenant,
    id: input.device_id,
    token: input.token,
    via: input.via ?? undefined,
    deviceClass: input.device_class,
    firmwareVersion: input.firmware_version,
    metadata: input.metadata,
    details,
  });
  if (created instanceof ApiFailure) return created;
  const { device, token } = created;
  return json(201, {
    device_id: device.id,
    tenant: device.tenant,
    auth_token: token,
    number: device.number,
    status: device.status,
    via: registry.byNumber(device.via)?.id ?? null,
    registered_at: isoTime(device.registeredAtMs),
  });
}

async function list(services: DeviceRoutesOptions, request: Request) {
  const query = parseQuery(request.query, listSchema, 'list devices');
  if (query instanceof ApiFailure) return query;
  const { registry } = services;
  const { tenant, limit, after, format } = query;
  if (format !== 'csv' && limit > DEVICES_PAGE_MAX)
    return new ApiFailure('query_invalid', 'list devices', `limit must be a whole number from 1 to ${DEVICES_PAGE_MAX}`);
  const matches = searchOf(query, request.query.getAll('tag'), services);
  if (matches instanceof ApiFailure) return matches;
  // One more than asked for tells whether a next page has anything on it.
  const isLimited = callersGroup() !== undefined;
  const search = { after, limit: limit + 1, isCounted: query.count === 'true' || isLimited };
  const { devices: found, matched } = matches
    ? await registry.search(tenant, matches, search)
    : { devices: registry.list(tenant, after, limit + 1), matched: search.isCounted ? registry.count(tenant) : undefined };
  const page = found.slice(0, limit);
  const next = found.length > limit ? page.at(-1)!.id : null;
  if (format === 'csv') return csvAnswer(registry, page, next);
  return json(200, {
    ...(await viewDevices(services, page)),
    // Who sees the devices of a group alone is not told how many others there are.
    total: isLimited ? matched : registry.count(tenant),
    ...(matched === undefined ? {} : { matched }),
    next,
  });
}

function detailsOf(registry: Registry, input: DetailsInput, tenant: string) {
  const patch = detailsPatch(input, registry.groups.of(tenant), 'register device');
  return patch instanceof ApiFailure ? patch : newDetails(patch, 'register device');
}

async function read(services: DeviceRoutesOptions, request: Request) {
  const device = deviceOf(services.registry, request, 'read');
  if (device instanceof ApiFailure) return device;
  return one(services, device);
}

async function one(services: DeviceRoutesOptions, device: Device) {
  const { devices, ...rest } = await viewDevices(services, [device]);
  return json(200, { ...devices[0], ...rest });
}

async function change(services: DeviceRoutesOptions, request: Request) {
  const device = deviceOf(services.registry, request, 'change');
  if (device instanceof ApiFailure) return device;
  const input = parseBody(request.body, changeSchema, `change device ${device.id}`);
  if (input instanceof ApiFailure) return input;
  if (input.groups !== undefined && callersGroup() !== undefined)
    return new ApiFailure('scope_forbidden', `change device ${device.id}`, 'groups decide who sees the device');
  const { status, metadata, device_class: deviceClass, firmware_version: firmwareVersion, ...noted } = input;
  const details = detailsPatch(noted, services.registry.groups.of(device.tenant), `change device ${device.id}`);
  if (details instanceof ApiFailure) return details;
  const changed = await services.registry.update(device, { status, metadata, deviceClass, firmwareVersion, details });
  return changed instanceof ApiFailure ? changed : one(services, changed);
}

async function remove(services: DeviceRoutesOptions, request: Request) {
  const device = deviceOf(services.registry, request, 'delete');
  if (device instanceof ApiFailure) return device;
  const deleted = await services.registry.delete(device);
  if (deleted instanceof ApiFailure) return deleted;
  return json(200, { device_id: device.id, tenant: device.tenant, number: device.number, deleted: true });
}

async function rotate(services: DeviceRoutesOptions, request: Request) {
  const device = deviceOf(services.registry, request, 'change the token of');
  if (device instanceof ApiFailure) return device;
  // A body is not needed: everything in it has a default.
  const body = request.body.length === 0 ? EMPTY_OBJECT : request.body;
  const input = parseBody(body, rotateSchema, `change the token of device ${device.id}`);
  if (input instanceof ApiFailure) return input;
  const rotated = await services.registry.rotateToken(device, { token: input.token, graceSeconds: input.grace_seconds });
  if (rotated instanceof ApiFailure) return rotated;
  const { token, previousUntilMs } = rotated;
  return json(200, {
    device_id: device.id,
    tenant: device.tenant,
    auth_token: token,
    // null: the token before is refused from now on.
    previous_valid_until: previousUntilMs === undefined ? null : isoTime(previousUntilMs),
  });
}
