import type { Command } from 'commander';
import type { DeviceAnswer } from '../contract/answers/devices.js';
import { adminApi } from './admin-api.js';
import { usageFailure } from './command-failure.js';
import { type ApplianceOptions, collect, configOf, withApplianceOptions } from './options.js';
import { Output } from './output.js';

interface SetOptions extends ApplianceOptions {
  readonly tenant: string;
  readonly status?: string;
  readonly class?: string;
  readonly firmware?: string;
  readonly model?: string;
  readonly serial?: string;
  readonly owner?: string;
  readonly timeZone?: string;
  readonly lat?: string;
  readonly lon?: string;
  readonly place?: string;
  readonly tag?: readonly string[];
  readonly untag?: readonly string[];
  readonly group?: readonly string[];
}

/** Changes of what is noted of a device. */
export function addDeviceSetCommand(device: Command): void {
  withApplianceOptions(device.command('set').argument('<id>', 'device id'))
    .summary('change what is noted of a device')
    .description('Changes what the options name and leaves the rest; an empty value takes it away.')
    .option('--tenant <id>', 'tenant', 'default')
    .option('--status <status>', 'active, inactive, quarantined or decommissioned, which is final')
    .option('--class <name>', 'device class')
    .option('--firmware <version>', 'firmware version')
    .option('--model <name>', 'model')
    .option('--serial <number>', 'serial number')
    .option('--owner <name>', 'who it belongs to')
    .option('--time-zone <name>', 'in which its times are read that name none, such as Europe/Berlin')
    .option('--lat <degrees>', 'latitude, -90 to 90')
    .option('--lon <degrees>', 'longitude, -180 to 180')
    .option('--place <name>', 'name of its location')
    .option('--tag <key=value>', 'set a tag; may be given several times', collect)
    .option('--untag <key>', 'take a tag away; may be given several times', collect)
    .option('--group <path>', 'be in this group and in no other that is not named; may be given several times, "" for none', collect)
    .addHelpText(
      'after',
      `
Examples:
  npx spillway device set dev-000001 --model TX-9 --tag line=2 --group north/hall-1
  npx spillway device set dev-000001 --lat 52.52 --lon 13.405 --place Berlin
  npx spillway device set dev-000001 --status quarantined`,
    )
    .action(setDevice);
}

async function setDevice(id: string, options: SetOptions): Promise<void> {
  const output = new Output(options.json === true);
  const change = changeOf(options);
  if (Object.keys(change).length === 0)
    throw usageFailure(`cannot change device ${id}: no option says what`, 'see npx spillway device set --help');
  const path = `/v1/devices/${encodeURIComponent(id)}?tenant=${encodeURIComponent(options.tenant)}`;
  const answer = await adminApi(configOf(options), options.url).patch<DeviceAnswer>(path, change);
  output.text(`${answer.device_id} is changed: ${Object.keys(change).join(', ')}`);
  output.document(answer);
}

function changeOf(options: SetOptions): Record<string, unknown> {
  const { status, model, serial, owner, timeZone, lat, lon, place, tag, untag, group } = options;
  const text = (value: string | undefined) => (value === '' ? null : value);
  const location = { lat: degrees('lat', lat), lon: degrees('lon', lon), name: text(place) };
  const tags = Object.fromEntries([...(tag ?? []).map(tagOf), ...(untag ?? []).map((key) => [key, null] as const)]);
  const members = {
    status,
    device_class: text(options.class),
    firmware_version: text(options.firmware),
    model: text(model),
    serial: text(serial),
    owner: text(owner),
    time_zone: text(timeZone),
    location: Object.values(location).some((value) => value !== undefined) ? location : undefined,
    tags: Object.keys(tags).length > 0 ? tags : undefined,
    groups: group?.filter((path) => path !== ''),
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function degrees(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (value.trim() === '' || !Number.isFinite(Number(value))) throw usageFailure(`cannot change the device: --${option} must be a number`);
  return Number(value);
}

function tagOf(tag: string): readonly [string, string] {
  const at = tag.indexOf('=');
  return at < 0 ? [tag, ''] : [tag.slice(0, at), tag.slice(at + 1)];
}
