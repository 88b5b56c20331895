import { type Command, InvalidArgumentError } from 'commander';
import { readConfig } from '../config/config.js';
import type { Config } from '../config/table.js';
import { CommandFailure, usageFailure } from './command-failure.js';

/** Options that every command has; commander fills the object. */
export interface CommonOptions {
  readonly json?: true;
  readonly config?: string;
}

/** Options of commands that talk to a running appliance. */
export interface ApplianceOptions extends CommonOptions {
  readonly url?: string;
  readonly context?: string;
}

export function withCommonOptions(command: Command): Command {
  return command
    .option('--config <path>', 'config file (default: $SPILLWAY_CONFIG, else spillway.json here if it is there)')
    .option('--json', 'JSON on stdout and nothing else; errors as JSON on stderr');
}

/** Of commands that bring an appliance up. */
export interface SecretOptions {
  readonly showSecrets?: true;
}

export function withSecretOptions(command: Command): Command {
  return command.option('--show-secrets', 'print the admin key and the password of the embedded database');
}

export function withApplianceOptions(command: Command): Command {
  return withCommonOptions(command)
    .option(
      '--url <url>',
      'the appliance (default: the one of the context in use, else the one that runs on the state folder, else http://<bind>:<http_port> of the config)',
    )
    .option('--context <name>', 'the appliance of this context, whichever is in use');
}

/** Before a command runs: the context that it names goes before all others. */
export function chooseContext({ url, context }: ApplianceOptions, env: NodeJS.ProcessEnv): void {
  if (context === undefined) return;
  if (url !== undefined) throw usageFailure('cannot ask two appliances: --url and --context name one each', 'leave one of them out');
  env.SPILLWAY_CONTEXT = context;
}

/** The config of this process, or a failure with all its problems; options of the command go before the environment. */
export function configOf(options: CommonOptions, given: Readonly<Record<string, string | undefined>> = {}): Config {
  const { config, problems } = readConfig({ env: { ...process.env, ...given }, file: options.config });
  if (config) return config;
  throw new CommandFailure('config_invalid', problems.join('\nspillway: '), {
    wayOut: 'npx spillway config check shows every value and where it came from',
  });
}

export function wholeNumber(lowest: number, highest = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < lowest || number > highest) {
      throw new InvalidArgumentError(
        highest === Number.MAX_SAFE_INTEGER
          ? `It must be a whole number from ${lowest} on.`
          : `It must be a whole number from ${lowest} to ${highest}.`,
      );
    }
    return number;
  };
}

export function positiveNumber(value: string): number {
  const number = Number(value);
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError('It must be a number above 0.');
  return number;
}

const idFormat = /^([^%]*)%(?:0(\d{1,2}))?d([^%]*)$/;

export function idFormatOption(value: string): string {
  if (!idFormat.test(value)) throw new InvalidArgumentError('It must hold one %d or %06d, for example dev-%06d.');
  return value;
}

/** `dev-%06d` and 7: `dev-000007`. */
export function formatId(format: string, number: number): string {
  const [, before = '', width = '', after = ''] = idFormat.exec(format) ?? [];
  return `${before}${String(number).padStart(Number(width || 1), '0')}${after}`;
}

/** Of an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
