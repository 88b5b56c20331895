import {
  compatibilityAnswer,
  schemaAnswer,
  schemaDiffAnswer,
  schemasAnswer,
  schemaVersionsAnswer,
} from '../../contract/answers/schemas.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, parseQuery } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantQuery } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import { differences } from './compatibility.js';
import { isRefused } from './definition/definition.js';
import { comparedSchema, diffSchema, listSchema, newSchemaSchema, newVersionOf, newVersionSchema, SCHEMA_BODY } from './input.js';
import { comparableOf, definitionOf, latestOf, type Schema, type SchemaVersion, versionOf } from './schema-version.js';
import type { Schemas } from './schemas.js';
import { viewOf, wholeViewOf } from './views.js';

export interface SchemaRoutesOptions {
  readonly schemas: Schemas;
  readonly registry: Pick<Registry, 'readBy'>;
  readonly keys: KeyCheck;
}

const EMPTY_OBJECT = new TextEncoder().encode('{}');
const NO_NAME = '/v1/schemas';
const NAMED = '/v1/schemas/:id';
const ofOne = { auth: 'admin', scope: 'tenant', query: tenantQuery } as const;
const docs = {
  list: {
    summary: 'Payload schemas of a tenant, each with its latest version',
    auth: 'viewer',
    scope: 'tenant',
    query: listSchema,
    answers: { 200: schemasAnswer },
    codes: ['query_invalid'],
  },
  make: {
    summary: 'Makes a payload schema for a device class and a range of firmware versions, or its next version, in effect within a second',
    auth: 'admin',
    scope: 'tenant',
    request: newSchemaSchema,
    answers: { 201: schemaAnswer },
    codes: ['schema_invalid', 'schema_incompatible', 'codec_unknown', 'schemas_exhausted'],
  },
  read: {
    ...ofOne,
    auth: 'viewer',
    summary: 'A payload schema with all its versions',
    answers: { 200: schemaVersionsAnswer },
    codes: ['schema_id_unknown'],
  },
  addVersion: {
    ...ofOne,
    summary: 'Makes the next version of a payload schema',
    request: newVersionSchema,
    answers: { 201: schemaAnswer },
    codes: ['schema_id_unknown', 'schema_invalid', 'schema_incompatible', 'schema_retired', 'codec_unknown', 'schemas_exhausted'],
  },
  compare: {
    ...ofOne,
    auth: 'viewer',
    summary: 'Says whether a definition is compatible with the latest version, without making one',
    request: comparedSchema,
    answers: { 200: compatibilityAnswer },
    codes: ['schema_id_unknown', 'schema_invalid'],
  },
  diff: {
    ...ofOne,
    auth: 'viewer',
    summary: 'Says what changed between two versions: the last two, unless said otherwise',
    request: diffSchema,
    answers: { 200: schemaDiffAnswer },
    codes: ['schema_id_unknown', 'schema_version_unknown'],
  },
} satisfies Record<string, RouteDoc>;

/** Payload schemas: listed, made version by version, compared. */
export function schemaRoutes({ schemas, registry, keys }: SchemaRoutesOptions): Route[] {
  const admit = adminOnly(keys);

  function list({ query }: Request): Answer | ApiFailure {
    const asked = parseQuery(query, listSchema, 'list schemas');
    if (asked instanceof ApiFailure) return asked;
    const { tenant, device_class: deviceClass, retired } = asked;
    const isAsked = (schema: Schema) =>
      (deviceClass === undefined || schema.deviceClass === deviceClass) && (retired === 'true' || schema.retiredAtMs === undefined);
    return json(200, {
      schemas: schemas
        .of(tenant)
        .filter(isAsked)
        .map((schema) => viewOf(schema)),
    });
  }

  async function make({ body }: Request): Promise<Answer | ApiFailure> {
    const attempt = 'make a schema';
    const input = parseBody(body, newSchemaSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const { tenant, device_class: deviceClass, firmware_version: firmwareVersion, ...version } = input;
    return madeOf(await schemas.add(attempt, { tenant, deviceClass, firmwareVersion, ...newVersionOf(version) }));
  }

  async function addVersion(request: Request): Promise<Answer | ApiFailure> {
    const attempt = `make a version of schema ${request.params[0]}`;
    const schema = schemaOf(schemas, request, attempt);
    if (schema instanceof ApiFailure) return schema;
    const input = parseBody(request.body, newVersionSchema, attempt);
    return input instanceof ApiFailure ? input : madeOf(await schemas.addVersion(attempt, schema, newVersionOf(input)));
  }

  function read(request: Request): Answer | ApiFailure {
    const schema = schemaOf(schemas, request, 'read the schema');
    if (schema instanceof ApiFailure) return schema;
    const numbers = new Set(schema.versions.map(({ number }) => number));
    return json(200, wholeViewOf(schema, registry.readBy(schema.tenant, numbers)));
  }

  function compare(request: Request): Answer | ApiFailure {
    const attempt = 'compare a definition';
    const schema = schemaOf(schemas, request, attempt);
    if (schema instanceof ApiFailure) return schema;
    const input = parseBody(request.body, comparedSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const draft = schemas.draft(attempt, newVersionOf(input), schema);
    if (draft instanceof ApiFailure) return draft;
    const { incompatibilities, compatibility, read: definition } = draft;
    const found = { compatible: incompatibilities.length === 0, compatibility, version: latestOf(schema).version };
    return json(200, { ...found, incompatibilities, remarks: definition.remarks });
  }

  function diff(request: Request): Answer | ApiFailure {
    const attempt = 'compare versions';
    const schema = schemaOf(schemas, request, attempt);
    if (schema instanceof ApiFailure) return schema;
    const input = parseBody(request.body.length === 0 ? EMPTY_OBJECT : request.body, diffSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const { to = latestOf(schema).version, from = Math.max(1, to - 1) } = input;
    const [before, next] = [versionOf(schema, from), versionOf(schema, to)];
    if (!before || !next) return new ApiFailure('schema_version_unknown', attempt);
    return json(200, { schema_id: schema.id, from, to, changes: changesOf(before, next) });
  }

  return [
    { method: 'GET', pattern: NO_NAME, doc: docs.list, admit, handle: list },
    { method: 'POST', pattern: NO_NAME, doc: docs.make, body: SCHEMA_BODY, admit, handle: make },
    { method: 'GET', pattern: NAMED, doc: docs.read, admit, handle: read },
    { method: 'POST', pattern: `${NAMED}/versions`, doc: docs.addVersion, body: SCHEMA_BODY, admit, handle: addVersion },
    { method: 'POST', pattern: `${NAMED}/compatibility`, doc: docs.compare, body: SCHEMA_BODY, admit, handle: compare },
    { method: 'POST', pattern: `${NAMED}/diff`, doc: docs.diff, body: ADMIN_BODY, admit, handle: diff },
  ];
}

/** The schema that the path and `?tenant` name. */
export function schemaOf(schemas: Pick<Schemas, 'get'>, { params, query }: Request, attempt: string): Schema | ApiFailure {
  const asked = parseQuery(query, tenantQuery, attempt);
  if (asked instanceof ApiFailure) return asked;
  return schemas.get(asked.tenant, params[0]!) ?? new ApiFailure('schema_id_unknown', attempt);
}

function madeOf(made: Schema | ApiFailure): Answer | ApiFailure {
  if (made instanceof ApiFailure) return made;
  const definition = definitionOf(latestOf(made));
  return json(201, viewOf(made, isRefused(definition) ? [] : definition.remarks));
}

/** Versions that this build cannot read have no changes that it could name. */
function changesOf(before: SchemaVersion, next: SchemaVersion) {
  const [old, fresh] = [definitionOf(before), definitionOf(next)];
  if (isRefused(old) || isRefused(fresh)) return [];
  return differences(comparableOf(before, old), comparableOf(next, fresh));
}
