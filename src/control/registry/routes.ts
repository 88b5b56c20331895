import { z } from 'zod';
import { deletedAnswer, deviceAnswer, devicesAnswer, registeredAnswer, rotatedAnswer } from '../../contract/answers/devices.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, parseQuery, wholeNumber } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { DEVICE_STATUSES, type Device } from './device.js';
import { type DeviceSources, viewDevices } from './device-view.js';
import {
  deviceClassSchema,
  deviceIdSchema,
  deviceOf,
  firmwareSchema,
  metadataSchema,
  tenantQuery,
  tenantSchema,
  tokenSchema,
} from './input.js';
import type { Registry } from './registry.js';

const DEVICES_PAGE_MAX = 1000;
const EMPTY_OBJECT = new TextEncoder().encode('{}');

const newDeviceSchema = z.strictObject({
  device_id: deviceIdSchema.optional(),
  tenant: tenantSchema,
  token: tokenSchema.optional(),
  via: deviceIdSchema.nullish(),
  device_class: deviceClassSchema.nullish(),
  firmware_version: firmwareSchema.nullish(),
  metadata: metadataSchema.optional(),
});
const statusSchema = z.enum(DEVICE_STATUSES, `must be one of ${DEVICE_STATUSES.join(', ')}`);
/** Long enough for devices that wake once a day. */
const GRACE_SECONDS_DEFAULT = 86_400;
const GRACE_SECONDS_MAX = 30 * 86_400;

const changeSchema = z.strictObject({
  status: statusSchema.optional(),
  metadata: metadataSchema.optional(),
  device_class: deviceClassSchema.nullish(),
  firmware_version: firmwareSchema.nullish(),
});
const graceProblem = `must be a whole number from 0 to ${GRACE_SECONDS_MAX}`;
const rotateSchema = z.strictObject({
  token: tokenSchema.optional(),
  grace_seconds: z.int(graceProblem).min(0, graceProblem).max(GRACE_SECONDS_MAX, graceProblem).default(GRACE_SECONDS_DEFAULT),
});
const listSchema = z.object({ tenant: tenantSchema, limit: wholeNumber(1, DEVICES_PAGE_MAX, 100), after: z.string().optional() });

export interface DeviceRoutesOptions extends DeviceSources {
  readonly registry: Registry;
  readonly keys: KeyCheck;
}

const ofOne = { auth: 'admin', query: tenantQuery } as const;
const docs = {
  register: {
    summary: 'Registers a device; its token is shown this once',
    auth: 'admin',
    request: newDeviceSchema,
    answers: { 201: registeredAnswer },
    codes: ['token_too_short', 'gateway_unknown', 'device_exists', 'devices_exhausted', 'state_unwritable'],
  },
  list: { summary: 'Devices by id, a page at a time', auth: 'admin', query: listSchema, answers: { 200: devicesAnswer }, codes: [] },
  read: { ...ofOne, summary: 'A device with its latest readings', answers: { 200: deviceAnswer }, codes: ['device_unknown'] },
  change: {
    ...ofOne,
    summary: 'Changes status, metadata, class or firmware version',
    request: changeSchema,
    answers: { 200: deviceAnswer },
    codes: ['device_unknown', 'device_decommissioned'],
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
  const created = await registry.create({
    tenant: input.tenant,
    id: input.device_id,
    token: input.token,
    via: input.via ?? undefined,
    deviceClass: input.device_class,
    firmwareVersion: input.firmware_version,
    metadata: input.metadata,
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
  const { tenant, limit, after } = query;
  // One more than asked for tells whether a next page has anything on it.
  const found = services.registry.list(tenant, after, limit + 1);
  const page = found.slice(0, limit);
  return json(200, {
    ...(await viewDevices(services, page)),
    total: services.registry.count(tenant),
    next: found.length > limit ? page.at(-1)!.id : null,
  });
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
  const { status, metadata, device_class: deviceClass, firmware_version: firmwareVersion } = input;
  const changed = await services.registry.update(device, { status, metadata, deviceClass, firmwareVersion });
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
