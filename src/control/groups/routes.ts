import { z } from 'zod';
import { KIB } from '../../../assembly/abi/limits.js';
import { groupAnswer, groupDeletedAnswer, groupMembersAnswer, groupsAnswer } from '../../contract/answers/groups.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, labelSchema, parseBody, parseQuery } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantQuery, tenantSchema } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import { type Group, groupNameSchema } from './group.js';
import { changeMembers, countMembers, emptyGroup } from './members.js';

const MEMBERS_MAX = 10_000;
const MEMBERS_BODY = { bytesMax: 2048 * KIB, oversize: 'body_oversize' } as const;

const parent = z.union([z.string(), z.int().transform(String)], 'must be the id or the path of a group').nullish();
const newGroupSchema = z.strictObject({ name: groupNameSchema, tenant: tenantSchema, parent, description: labelSchema.nullish() });
const changeSchema = z.strictObject({ name: groupNameSchema.optional(), parent, description: labelSchema.nullish() });
const ids = z.array(z.string('must be a string')).max(MEMBERS_MAX, `must be at most ${MEMBERS_MAX}`).default([]);
const membersSchema = z.strictObject({ add: ids, remove: ids });

const ofOne = { auth: 'operator', scope: 'tenant', query: tenantQuery } as const;
const docs = {
  list: { ...ofOne, auth: 'viewer', summary: 'The groups of a tenant by path', answers: { 200: groupsAnswer }, codes: [] },
  make: {
    summary: 'Makes a group of devices, in another one or in none',
    auth: 'operator',
    scope: 'tenant',
    request: newGroupSchema,
    answers: { 201: groupAnswer },
    codes: ['group_unknown', 'group_exists', 'groups_exhausted'],
  },
  read: { ...ofOne, auth: 'viewer', summary: 'A group by its id or its path', answers: { 200: groupAnswer }, codes: ['group_unknown'] },
  change: {
    ...ofOne,
    summary: 'Renames a group or puts it into another one; a group in itself is refused',
    request: changeSchema,
    answers: { 200: groupAnswer },
    codes: ['group_unknown', 'group_exists', 'group_cycle'],
  },
  remove: {
    ...ofOne,
    summary: 'Deletes a group in which no other is; its devices stay',
    answers: { 200: groupDeletedAnswer },
    codes: ['group_unknown', 'group_not_empty', 'device_unknown'],
  },
  members: {
    ...ofOne,
    summary: 'Puts devices into a group and takes others out',
    request: membersSchema,
    answers: { 200: groupMembersAnswer },
    codes: ['group_unknown', 'device_unknown'],
  },
} satisfies Record<string, RouteDoc>;

/** Groups of devices. */
export function groupRoutes(registry: Registry, keys: KeyCheck): Route[] {
  const admit = adminOnly(keys);
  const { groups } = registry;
  const named = '/v1/groups/:id';

  function list({ query }: Request): Answer | ApiFailure {
    const asked = parseQuery(query, tenantQuery, 'list groups');
    if (asked instanceof ApiFailure) return asked;
    const tree = groups.of(asked.tenant);
    const counted = countMembers(registry, asked.tenant, tree);
    return json(200, { groups: tree.list().map(({ group }) => viewOf(registry, group, counted)) });
  }

  async function make({ body }: Request): Promise<Answer | ApiFailure> {
    const input = parseBody(body, newGroupSchema, 'make a group');
    if (input instanceof ApiFailure) return input;
    const { name, tenant, ...rest } = input;
    const made = await groups.create(tenant, name, rest);
    return made instanceof ApiFailure ? made : json(201, viewOf(registry, made));
  }

  function read(request: Request): Answer | ApiFailure {
    const group = groupOf(registry, request, 'read');
    return group instanceof ApiFailure ? group : json(200, viewOf(registry, group));
  }

  async function change(request: Request): Promise<Answer | ApiFailure> {
    const attempt = `change group ${request.params[0]}`;
    const asked = parseQuery(request.query, tenantQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    const input = parseBody(request.body, changeSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const changed = await groups.change(asked.tenant, request.params[0]!, input);
    return changed instanceof ApiFailure ? changed : json(200, viewOf(registry, changed));
  }

  async function remove(request: Request): Promise<Answer | ApiFailure> {
    const group = groupOf(registry, request, 'delete');
    if (group instanceof ApiFailure) return group;
    const path = groups.of(group.tenant).pathOf(group.number)!;
    const removed = await groups.remove(group.tenant, String(group.number));
    if (removed instanceof ApiFailure) return removed;
    const left = await emptyGroup(registry, group);
    if (left instanceof ApiFailure) return left;
    return json(200, { ...factsOf(registry, group, path), deleted: true, devices_left: left });
  }

  async function members(request: Request): Promise<Answer | ApiFailure> {
    const group = groupOf(registry, request, 'change the devices of');
    if (group instanceof ApiFailure) return group;
    const input = parseBody(request.body, membersSchema, `change the devices of group ${request.params[0]}`);
    if (input instanceof ApiFailure) return input;
    const changed = await changeMembers(registry, group, input);
    return changed instanceof ApiFailure ? changed : json(200, { ...viewOf(registry, group), ...changed });
  }

  return [
    { method: 'GET', pattern: '/v1/groups', doc: docs.list, admit, handle: list },
    { method: 'POST', pattern: '/v1/groups', doc: docs.make, body: ADMIN_BODY, admit, handle: make },
    { method: 'GET', pattern: named, doc: docs.read, admit, handle: read },
    { method: 'PATCH', pattern: named, doc: docs.change, body: ADMIN_BODY, admit, handle: change },
    { method: 'DELETE', pattern: named, doc: docs.remove, admit, handle: remove },
    { method: 'POST', pattern: `${named}/devices`, doc: docs.members, body: MEMBERS_BODY, admit, handle: members },
  ];
}

/** The group that the path and `?tenant` name; `attempt` is a verb: "read". */
function groupOf({ groups }: Registry, { params, query }: Request, attempt: string): Group | ApiFailure {
  const asked = parseQuery(query, tenantQuery, `${attempt} group ${params[0]}`);
  if (asked instanceof ApiFailure) return asked;
  return groups.of(asked.tenant).find(params[0]!) ?? new ApiFailure('group_unknown', `${attempt} group ${params[0]}`);
}

function viewOf(registry: Registry, group: Group, counted?: ReturnType<typeof countMembers>) {
  const tree = registry.groups.of(group.tenant);
  const { own, nested } = counted ?? countMembers(registry, group.tenant, tree);
  const counts = { devices: own.get(group.number) ?? 0, devices_nested: nested.get(group.number) ?? 0 };
  return { ...factsOf(registry, group, tree.pathOf(group.number) ?? group.name), ...counts };
}

function factsOf({ groups }: Registry, { number: id, tenant, name, parent: above, description, createdAtMs }: Group, path: string) {
  return { id, tenant, name, path, parent: groups.of(tenant).pathOf(above) ?? null, description, created_at: isoTime(createdAtMs) };
}
