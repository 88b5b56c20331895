import type { Command } from 'commander';
import type { DevicesAnswer } from '../contract/answers/devices.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, collect, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { grouped, Output, table } from './output.js';
import { emptyTenantHint } from './tenant-command.js';

/** What devices are asked for: options that are members of the query of the same names. */
const SEARCHED = ['prefix', 'q', 'status', 'class', 'firmware', 'model', 'owner', 'serial', 'via', 'group'] as const;

export type SearchOptions = { readonly [Name in (typeof SEARCHED)[number]]?: string } & {
  readonly tenant: string;
  readonly tag?: readonly string[];
  readonly connected?: boolean;
  readonly nested?: boolean;
};

type ListOptions = ApplianceOptions & SearchOptions & { readonly limit: number; readonly after?: string };

export function withSearchOptions(command: Command): Command {
  return command
    .option('--tenant <id>', 'tenant', 'default')
    .option('--prefix <text>', 'whose ids begin so')
    .option('--q <text>', 'that have this text in their id, class, firmware, model, serial, owner, place or tags')
    .option('--status <status>', 'active, inactive, quarantined or decommissioned')
    .option('--class <name>', 'of this class ("": of none)')
    .option('--firmware <version>', 'with this firmware version')
    .option('--model <name>', 'of this model')
    .option('--owner <name>', 'of this owner')
    .option('--serial <number>', 'with this serial number')
    .option('--via <id>', 'behind this gateway ("": behind none)')
    .option('--tag <key[=value]>', 'with this tag; may be given several times', collect)
    .option('--group <path>', 'in this group or a group in it')
    .option('--no-nested', 'not those of groups in the group')
    .option('--connected', 'that are connected')
    .option('--no-connected', 'that are not');
}

export function searchQueryOf(options: SearchOptions): URLSearchParams {
  const query = new URLSearchParams({ tenant: options.tenant });
  for (const name of SEARCHED) if (options[name] !== undefined) query.set(name, options[name]);
  for (const tag of options.tag ?? []) query.append('tag', tag);
  if (options.connected !== undefined) query.set('connected', String(options.connected));
  if (options.nested === false) query.set('nested', 'false');
  return query;
}

export function addDeviceListCommand(device: Command): void {
  withSearchOptions(withApplianceOptions(device.command('list')))
    .summary('the fleet, or the devices that match, a page at a time')
    .option('--limit <n>', 'devices a page', wholeNumber(1, 1000), 100)
    .option('--after <id>', 'continue after this device')
    .action(listDevices);
}

async function listDevices(options: ListOptions): Promise<void> {
  const output = new Output(options.json === true);
  const query = searchQueryOf(options);
  const isSearch = query.size > 1;
  query.set('limit', String(options.limit));
  if (isSearch) query.set('count', 'true');
  if (options.after !== undefined) query.set('after', options.after);
  const api = adminApi(configOf(options), options.url);
  const answer = await api.get<DevicesAnswer>(`/v1/devices?${query}`);
  if (answer.total === 0 && !output.json) return output.text(await emptyTenantHint(api, options.tenant));
  const rows = answer.devices.map((device) => [
    device.device_id,
    device.status,
    device.connected ? 'connected' : '-',
    device.last_seen_at ?? 'never',
    Object.entries(device.latest)
      .map(([metric, { value }]) => `${metric}=${value}`)
      .join(' '),
  ]);
  const matched = answer.matched === undefined ? '' : ` that match, of ${grouped(answer.total)}`;
  output.text(
    ...table([['DEVICE', 'STATUS', 'LINK', 'LAST SEEN', 'LATEST'], ...rows]),
    `${grouped(answer.devices.length)} of ${grouped(answer.matched ?? answer.total)} devices${matched}${answer.next === null ? '' : `; more: --after ${answer.next}`}`,
  );
  output.document(answer);
}
