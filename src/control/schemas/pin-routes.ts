import { schemaAnswer, schemaPinAnswer } from '../../contract/answers/schemas.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantQuery } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import { pinSchema, unpinSchema } from './input.js';
import { schemaOf } from './routes.js';
import { type Schema, versionOf } from './schema-version.js';
import type { Schemas } from './schemas.js';
import { stateOf, viewOf } from './views.js';

export interface PinRoutesOptions {
  readonly schemas: Schemas;
  readonly registry: Pick<Registry, 'get' | 'unknown' | 'update'>;
  readonly keys: KeyCheck;
}

const EMPTY_OBJECT = new TextEncoder().encode('{}');
const ofOne = { auth: 'admin', scope: 'tenant', query: tenantQuery } as const;
const docs = {
  pin: {
    ...ofOne,
    summary: 'Lets a schema use one version for good, or one device be read by the schema whatever its class and firmware',
    request: pinSchema,
    answers: { 200: schemaPinAnswer },
    codes: ['schema_id_unknown', 'schema_version_unknown', 'schema_retired', 'device_unknown', 'device_decommissioned'],
  },
  unpin: {
    ...ofOne,
    summary: 'Takes a pin away: the latest version is used; class and firmware of the device choose its schema',
    request: unpinSchema,
    answers: { 200: schemaPinAnswer },
    codes: ['schema_id_unknown', 'schema_retired', 'device_unknown', 'device_decommissioned'],
  },
  retire: {
    ...ofOne,
    summary: 'Retires a schema, for good: no device is read by it any more, but those that are pinned to it',
    answers: { 200: schemaAnswer },
    codes: ['schema_id_unknown'],
  },
} satisfies Record<string, RouteDoc>;

/** Which version is used: of a schema, of one device. */
export function pinRoutes({ schemas, registry, keys }: PinRoutesOptions): Route[] {
  const admit = adminOnly(keys);

  async function pin(request: Request): Promise<Answer | ApiFailure> {
    const attempt = `pin schema ${request.params[0]}`;
    const schema = schemaOf(schemas, request, attempt);
    if (schema instanceof ApiFailure) return schema;
    const input = bodyOf(request, pinSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const { version, device_id: device } = input;
    if (version !== undefined && !versionOf(schema, version)) return new ApiFailure('schema_version_unknown', attempt);
    if (device !== undefined) return nameDevice(schema, device, { schemaId: schema.id, schemaVersion: version ?? 0 }, attempt);
    if (version === undefined) return new ApiFailure('body_invalid', attempt, 'version must be there, unless device_id is');
    return pinnedOf(await schemas.pin(attempt, schema, version));
  }

  async function unpin(request: Request): Promise<Answer | ApiFailure> {
    const attempt = `unpin schema ${request.params[0]}`;
    const schema = schemaOf(schemas, request, attempt);
    if (schema instanceof ApiFailure) return schema;
    const input = bodyOf(request, unpinSchema, attempt);
    if (input instanceof ApiFailure) return input;
    if (input.device_id === undefined) return pinnedOf(await schemas.pin(attempt, schema, undefined));
    return nameDevice(schema, input.device_id, { schemaId: null, schemaVersion: 0 }, attempt);
  }

  async function retire(request: Request): Promise<Answer | ApiFailure> {
    const schema = schemaOf(schemas, request, 'retire the schema');
    if (schema instanceof ApiFailure) return schema;
    const retired = await schemas.retire(schema);
    return retired instanceof ApiFailure ? retired : json(200, viewOf(retired));
  }

  async function nameDevice(
    schema: Schema,
    id: string,
    named: { readonly schemaId: string | null; readonly schemaVersion: number },
    attempt: string,
  ): Promise<Answer | ApiFailure> {
    const device = registry.get(schema.tenant, id);
    if (!device) return registry.unknown('device_unknown', attempt);
    if (named.schemaId === null && device.schemaId !== schema.id)
      return json(200, { ...stateOf(schema), device_id: id, device_version: null });
    const changed = await registry.update(device, named);
    if (changed instanceof ApiFailure) return changed;
    return json(200, { ...stateOf(schema), device_id: id, device_version: named.schemaVersion || null });
  }

  return [
    { method: 'POST', pattern: '/v1/schemas/:id/pin', doc: docs.pin, body: ADMIN_BODY, admit, handle: pin },
    { method: 'POST', pattern: '/v1/schemas/:id/unpin', doc: docs.unpin, body: ADMIN_BODY, admit, handle: unpin },
    { method: 'DELETE', pattern: '/v1/schemas/:id', doc: docs.retire, admit, handle: retire },
  ];
}

/** A body is not needed where everything in it may be absent. */
function bodyOf<T>({ body }: Request, schema: Parameters<typeof parseBody<T>>[1], attempt: string): T | ApiFailure {
  return parseBody(body.length === 0 ? EMPTY_OBJECT : body, schema, attempt);
}

function pinnedOf(pinned: Schema | ApiFailure): Answer | ApiFailure {
  return pinned instanceof ApiFailure ? pinned : json(200, { ...stateOf(pinned), device_id: null, device_version: null });
}
