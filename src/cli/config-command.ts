import type { Command } from 'commander';
import { readConfig } from '../config/config.js';
import { settings } from '../config/table.js';
import { CommandFailure } from './command-failure.js';
import { type CommonOptions, withCommonOptions } from './options.js';
import { Output, table } from './output.js';

export function addConfigCommand(program: Command): void {
  const config = program
    .command('config')
    .summary('look at the configuration')
    .description('The configuration of this folder and environment.');
  withCommonOptions(config.command('check'))
    .summary('every setting, its source, and every problem at once')
    .description(
      'Shows the settings in effect and where each came from; secrets are masked. Exit code 1 when the appliance would refuse to start with them.',
    )
    .addHelpText(
      'after',
      `
Examples:
  npx spillway config check
  SPILLWAY_MQTT_PORT=70000 npx spillway config check --json

Settings (in the file: the name; in the environment: SPILLWAY_<NAME>, which wins):
${table(settings.map(({ name, what, kind }) => [`  ${name}`, `${what} Allowed: ${kind.allowed}.`])).join('\n')}`,
    )
    .action(checkConfig);
}

function checkConfig(options: CommonOptions): void {
  const output = new Output(options.json === true);
  const { file, effective, problems } = readConfig({ env: process.env, file: options.config });
  const rows = effective.map(({ name, variable, value, source }) => [name, shown(value), source === 'environment' ? variable : source]);
  output.text(`file: ${file ?? 'none'}`, ...table([['SETTING', 'VALUE', 'SOURCE'], ...rows]));
  const values = effective.map(({ name, value, source }) => [name, { value: value ?? null, source }]);
  output.document({ valid: problems.length === 0, file: file ?? null, settings: Object.fromEntries(values), problems });
  if (problems.length > 0) throw new CommandFailure('config_invalid', problems.join('\nspillway: '));
  output.text('', 'the configuration is valid');
}

function shown(value: unknown): string {
  return value === undefined ? '(not set)' : String(value);
}
