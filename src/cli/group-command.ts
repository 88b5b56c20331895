import type { Command } from 'commander';
import type { GroupAnswer, GroupDeletedAnswer, GroupMembersAnswer, GroupsAnswer } from '../contract/answers/groups.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, withApplianceOptions } from './options.js';
import { grouped, Output, table } from './output.js';

interface GroupOptions extends ApplianceOptions {
  readonly tenant: string;
}

export function addGroupCommand(program: Command): void {
  const group = program.command('group').summary('put devices into groups').description('Groups of devices, which may be in one another.');
  tenantOf(group.command('list')).summary('the groups of a tenant with their devices').action(listGroups);
  tenantOf(group.command('add').argument('<path>', 'north/hall-1: a group hall-1 in the group north, which is there'))
    .summary('make a group')
    .option('--description <text>', 'what it is for')
    .action(addGroup);
  tenantOf(group.command('mv').argument('<path>').argument('<new-path>', 'its last name, and the group to put it into'))
    .summary('rename a group, or put it into another one')
    .action(moveGroup);
  tenantOf(group.command('rm').argument('<path>')).summary('delete a group; its devices stay').action(removeGroup);
  tenantOf(group.command('put').argument('<path>').argument('<ids...>', 'device ids'))
    .summary('put devices into a group')
    .action((path: string, ids: string[], options: GroupOptions) => changeMembers(path, { add: ids }, options));
  tenantOf(group.command('take').argument('<path>').argument('<ids...>', 'device ids'))
    .summary('take devices out of a group')
    .action((path: string, ids: string[], options: GroupOptions) => changeMembers(path, { remove: ids }, options));
}

function tenantOf(command: Command): Command {
  return withApplianceOptions(command).option('--tenant <id>', 'tenant', 'default');
}

async function listGroups(options: GroupOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await apiOf(options).get<GroupsAnswer>(`/v1/groups?tenant=${encodeURIComponent(options.tenant)}`);
  const rows = answer.groups.map((group) => [group.path, grouped(group.devices), grouped(group.devices_nested), group.description ?? '-']);
  output.text(
    ...(rows.length === 0
      ? [`Tenant ${options.tenant} has no groups. Make one: npx spillway group add NAME`]
      : table([['GROUP', 'DEVICES', 'WITH NESTED', 'DESCRIPTION'], ...rows])),
  );
  output.document(answer);
}

async function addGroup(path: string, options: GroupOptions & { description?: string }): Promise<void> {
  const output = new Output(options.json === true);
  const body = { ...placeOf(path), tenant: options.tenant, description: options.description };
  const answer = await apiOf(options).post<GroupAnswer>('/v1/groups', body);
  output.text(`Group ${answer.path} is made, with id ${answer.id}`);
  output.document(answer);
}

async function moveGroup(path: string, newPath: string, options: GroupOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await apiOf(options).patch<GroupAnswer>(pathOf(path, options), placeOf(newPath));
  output.text(`Group ${path} is ${answer.path} now`);
  output.document(answer);
}

async function removeGroup(path: string, options: GroupOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await apiOf(options).delete<GroupDeletedAnswer>(pathOf(path, options));
  output.text(`Group ${answer.path} is deleted; ${grouped(answer.devices_left)} devices left it`);
  output.document(answer);
}

async function changeMembers(path: string, change: object, options: GroupOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await apiOf(options).post<GroupMembersAnswer>(pathOf(path, options, '/devices'), change);
  const unknown = answer.unknown.length > 0 ? `; not known: ${answer.unknown.join(', ')}` : '';
  output.text(
    `${grouped(answer.added)} devices put in, ${grouped(answer.removed)} taken out; ${answer.path} has ${grouped(answer.devices)}${unknown}`,
  );
  output.document(answer);
}

function placeOf(path: string): { name: string; parent: string | null } {
  const at = path.lastIndexOf('/');
  return at < 0 ? { name: path, parent: null } : { name: path.slice(at + 1), parent: path.slice(0, at) };
}

function pathOf(path: string, { tenant }: GroupOptions, call = ''): string {
  return `/v1/groups/${encodeURIComponent(path)}${call}?tenant=${encodeURIComponent(tenant)}`;
}

function apiOf(options: GroupOptions) {
  return adminApi(configOf(options), options.url);
}
