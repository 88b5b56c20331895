import type { Command } from 'commander';
import type { DeletedAnswer, RotatedAnswer } from '../contract/answers/devices.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output } from './output.js';

interface DeviceOptions extends ApplianceOptions {
  readonly tenant: string;
}

/** What ends: tokens and devices. */
export function addDeviceLifeCommands(device: Command): void {
  withApplianceOptions(device.command('rotate-token').argument('<id>', 'device id'))
    .summary('give a device a new token')
    .description('Makes a new token and shows it once. The present one stays valid beside it for --grace seconds; two are valid at most.')
    .option('--tenant <id>', 'tenant', 'default')
    .option('--token <token>', 'the new token (default: one is made)')
    .option(
      '--grace <seconds>',
      'how long the present token stays valid; 0: it is refused at once (default: 86400)',
      wholeNumber(0, 2_592_000),
    )
    .action(rotateToken);
  withApplianceOptions(device.command('rm').argument('<id>', 'device id'))
    .summary('delete a device')
    .description('Cuts the device off and frees its id. Its readings stay in the database under its number, which no device gets again.')
    .option('--tenant <id>', 'tenant', 'default')
    .action(removeDevice);
}

async function rotateToken(id: string, options: DeviceOptions & { token?: string; grace?: number }): Promise<void> {
  const output = new Output(options.json === true);
  const body = { token: options.token, grace_seconds: options.grace };
  const answer = await adminApi(configOf(options), options.url).post<RotatedAnswer>(pathOf(id, options, '/token'), body);
  const until = answer.previous_valid_until;
  output.text(
    `${answer.device_id} has a new token`,
    `  token     ${answer.auth_token}   (shown this once)`,
    until === null ? '  previous  refused from now on' : `  previous  valid until ${until}`,
  );
  output.document(answer);
}

async function removeDevice(id: string, options: DeviceOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).delete<DeletedAnswer>(pathOf(id, options));
  output.text(`${answer.device_id} is deleted; its readings stay under number ${answer.number}`);
  output.document(answer);
}

function pathOf(id: string, { tenant }: DeviceOptions, call = ''): string {
  return `/v1/devices/${encodeURIComponent(id)}${call}?tenant=${encodeURIComponent(tenant)}`;
}
