import type { Command } from 'commander';
import type { BulkAnswer, DeviceAnswer, RegisteredAnswer } from '../contract/answers/devices.js';
import { type AdminApi, adminApi } from './admin-api.js';
import { usageFailure } from './command-failure.js';
import { addDeviceLifeCommands } from './device-life-command.js';
import { addDeviceListCommand } from './device-list-command.js';
import { addDeviceSetCommand } from './device-set-command.js';
import { addDeviceTransferCommands } from './device-transfer-command.js';
import { type ApplianceOptions, configOf, idFormatOption, wholeNumber, withApplianceOptions } from './options.js';
import { grouped, Output, table } from './output.js';

interface AddOptions extends ApplianceOptions {
  readonly id?: string;
  readonly token?: string;
  readonly tenant: string;
  readonly via?: string;
  readonly class?: string;
  readonly firmware?: string;
  readonly subdevices?: boolean;
  readonly count?: number;
  readonly idFormat?: string;
  readonly perGateway?: number;
}

export function addDeviceCommand(program: Command): void {
  const device = program
    .command('device')
    .summary('register, look at, change and delete devices')
    .description('Devices of a running appliance.');
  withApplianceOptions(device.command('add'))
    .summary('register one device, or thousands')
    .description(
      'Registers a device and shows its token once; with --count, devices numbered from 1. Existing devices of a bulk keep what they have.',
    )
    .option('--id <id>', 'device id (default: one is made)')
    .option('--token <token>', 'token of at least 8 characters (default: one is made)')
    .option('--tenant <id>', 'tenant', 'default')
    .option('--via <id>', 'gateway device that may publish for it; with --count a format, for example gw-%06d')
    .option('--class <name>', 'device class')
    .option('--firmware <version>', 'its firmware version, which chooses its payload schema')
    .option('--subdevices', 'devices that it names and that nobody registered are registered via it')
    .option('--count <n>', 'register this many', wholeNumber(1, 1_000_000))
    .option('--id-format <format>', 'their ids (default: dev-%06d)', idFormatOption)
    .option('--per-gateway <n>', 'devices behind each gateway (default: 500)', wholeNumber(1, 1_000_000))
    .addHelpText(
      'after',
      `
Examples:
  npx spillway device add --id dev-000001
  npx spillway device add --id sensor-7 --via gw-1 --class thermometer
  npx spillway device add --count 10000 --id-format dev-%06d --token a-token-of-all
  npx spillway device add --count 10000 --id-format dev-%06d --token a-token-of-all --via gw-%06d --per-gateway 500`,
    )
    .action(addDevices);
  withApplianceOptions(device.command('show').argument('<id>', 'device id'))
    .summary('one device with its latest readings')
    .option('--tenant <id>', 'tenant', 'default')
    .action(showDevice);
  addDeviceListCommand(device);
  addDeviceSetCommand(device);
  addDeviceTransferCommands(device);
  addDeviceLifeCommands(device);
}

async function addDevices(options: AddOptions): Promise<void> {
  const output = new Output(options.json === true);
  const bulkOnly = (['idFormat', 'perGateway'] as const).find((name) => options[name] !== undefined);
  if (options.count === undefined && bulkOnly)
    throw usageFailure(`cannot register devices: --${bulkOnly === 'idFormat' ? 'id-format' : 'per-gateway'} needs --count`);
  if (options.count !== undefined && options.id !== undefined)
    throw usageFailure('cannot register devices: --id and --count exclude each other', 'use --id-format');
  if (options.count !== undefined && options.subdevices)
    throw usageFailure('cannot register devices: --subdevices is for one device', 'leave --count out');
  const api = adminApi(configOf(options), options.url);
  await (options.count === undefined ? addOne(api, options, output) : addMany(api, options, output));
}

async function addOne(api: AdminApi, options: AddOptions, output: Output): Promise<void> {
  const body = {
    device_id: options.id,
    tenant: options.tenant,
    token: options.token,
    via: options.via,
    device_class: options.class,
    firmware_version: options.firmware,
    ...(options.subdevices ? { metadata: { subdevices: true } } : {}),
  };
  const device = await api.post<RegisteredAnswer>('/v1/devices', body);
  output.text(
    `${device.device_id} registered as number ${device.number} of tenant ${device.tenant}`,
    `  token    ${device.auth_token}   (shown this once)`,
    `  connect  client id ${device.device_id}, user name ${device.tenant}, password = token`,
    `  publish  devices/${device.device_id}/telemetry   {"ts": 1700000000000, "metrics": {"temperature": 21.5}, "seq": 1}`,
  );
  output.document(device);
}

async function addMany(api: AdminApi, options: AddOptions, output: Output): Promise<void> {
  const answer = await api.post<BulkAnswer>('/v1/devices/bulk', {
    count: options.count,
    id_format: options.idFormat ?? 'dev-%06d',
    token: options.token,
    tenant: options.tenant,
    via_format: options.via === undefined ? undefined : idFormatOption(options.via),
    per_gateway: options.via === undefined ? undefined : (options.perGateway ?? 500),
    device_class: options.class,
    firmware_version: options.firmware,
  });
  const { existing } = answer;
  const some = `${answer.existing_ids.slice(0, 3).join(', ')}${existing > 3 ? ', …' : ''}`;
  output.text(
    `${grouped(answer.created)} devices registered, ${answer.first} to ${answer.last}${answer.gateways_created > 0 ? `, and ${grouped(answer.gateways_created)} gateways` : ''}${existing > 0 ? `; ${grouped(existing)} were there already and keep token and gateway (${some})` : ''}`,
    ...(answer.devices ?? []).map(({ device_id, auth_token }) => `${device_id}\t${auth_token}`),
  );
  output.document(answer);
}

async function showDevice(id: string, options: ApplianceOptions & { tenant: string }): Promise<void> {
  const output = new Output(options.json === true);
  const api = adminApi(configOf(options), options.url);
  const device = await api.get<DeviceAnswer>(`/v1/devices/${encodeURIComponent(id)}?tenant=${encodeURIComponent(options.tenant)}`);
  const facts = [
    ['number', String(device.number)],
    ['tenant', device.tenant],
    ['status', device.status],
    ['connected', device.connected ? 'yes' : 'no'],
    ['via', device.via ?? '-'],
    ['class', device.device_class ?? '-'],
    ['firmware', device.firmware_version ?? '-'],
    ['model', device.model ?? '-'],
    ['serial', device.serial ?? '-'],
    ['owner', device.owner ?? '-'],
    ['time zone', device.time_zone ?? '-'],
    ['location', device.location ? `${device.location.lat}, ${device.location.lon}   ${device.location.name ?? ''}`.trimEnd() : '-'],
    [
      'tags',
      Object.entries(device.tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ') || '-',
    ],
    ['groups', device.groups.join(', ') || '-'],
    ['schema', device.schema ? `${device.schema.schema_id} version ${device.schema.version}` : '-'],
    ['registered', device.registered_at],
    ['last seen', device.last_seen_at ?? 'never'],
    ...Object.entries(device.latest).map(([metric, { value, ts }]) => [metric, `${value}   ${ts}`]),
  ];
  output.text(device.device_id, ...table(facts).map((row) => `  ${row}`));
  output.document(device);
}
