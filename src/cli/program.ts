import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addAclCommand } from './acl-command.js';
import type { CliPorts } from './appliance.js';
import { addAuditCommand } from './audit-command.js';
import { addAuthorityCommand } from './authority-command.js';
import { addClaimCodeCommand } from './claim-code-command.js';
import { addCodecCommand } from './codec-command.js';
import { CommandFailure, exitCodes, usageFailure } from './command-failure.js';
import { addCompletionCommand } from './completion-command.js';
import { addConfigCommand } from './config-command.js';
import { addContextCommand } from './context-command.js';
import { addCredentialCommand } from './credential-command.js';
import { addDeadLettersCommand } from './dead-letters-command.js';
import { addDemoCommand } from './demo-command.js';
import { addDeviceCommand } from './device-command.js';
import { addGroupCommand } from './group-command.js';
import { addIssuerCommand } from './issuer-command.js';
import { addKeyCommand } from './key-command.js';
import { addLagCommand } from './lag-command.js';
import { addLedgerCommand } from './ledger-command.js';
import { addLogCommand } from './log-command.js';
import { addPublishCommand, addRetainedCommand } from './message-commands.js';
import { type CommonOptions, chooseContext, withCommonOptions } from './options.js';
import { Output } from './output.js';
import { addPackCommand } from './pack-command.js';
import { addQueryCommand } from './query-command.js';
import { addSchemaCommand } from './schema-command.js';
import { addSelftestCommand } from './selftest-command.js';
import { addServiceCommand } from './service-command.js';
import { addSessionCommand } from './session-command.js';
import { addShadowCommand } from './shadow-command.js';
import { addSimulateCommand } from './simulate-command.js';
import { addStartCommand } from './start-command.js';
import { addAlertsCommand, addStatusCommand } from './status-command.js';
import { addTailCommand } from './tail-command.js';
import { addTenantCommand } from './tenant-command.js';
import { addTopicRuleCommand } from './topic-rule-command.js';
import { addTraceCommand } from './trace-command.js';

const help = `
Examples:
  npx spillway demo                                          everything, with 100 simulated devices
  npx spillway start                                         the appliance alone
  npx spillway device add --id dev-000001                    a device that may publish
  npx spillway simulate --register --devices 100 --rate 1000 load with realistic series
  npx spillway status --watch 5                              whether it is ready, its rates, lag and alerts
  npx spillway tail dev-000001                               what a device sends, as it comes

Environment: SPILLWAY_STATE, SPILLWAY_ADMIN_KEY, SPILLWAY_HTTP_PORT, SPILLWAY_MQTT_PORT, SPILLWAY_BIND, SPILLWAY_DATABASE_URL, …;
  npx spillway config check --help lists all of them, npx spillway config check shows the values in effect.
Exit codes: 0 done, 1 failed (the reason is on stderr), 2 usage.
With --json stdout carries JSON only, and a failure is {"error":{"code","message","way_out"}} on stderr.`;

/** Runs one command; `argv` is what follows the program's name. Resolves to the exit code. */
export async function runCli(argv: readonly string[], ports: CliPorts): Promise<number> {
  try {
    const program = buildProgram(ports);
    if (argv.length === 0) program.outputHelp();
    // Commander knows one short name of an option; other programs have taught people this one.
    else await program.parseAsync(argv[0] === '-V' ? ['--version'] : [...argv], { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    const failure = failureOf(error);
    new Output(argv.includes('--json')).failure(failure);
    return failure.exitCode;
  }
}

function buildProgram(ports: CliPorts): Command {
  const program = new Command('spillway')
    .description('One appliance that takes in IoT telemetry and loses none of it.')
    .version(versionOfPackage(), '-v, --version', 'show the version')
    .addHelpText('after', help)
    .showSuggestionAfterError()
    .exitOverride()
    // Usage errors are reported like every other failure, by runCli.
    .configureOutput({ outputError: () => undefined })
    .hook('preAction', (_program, command) => chooseContext(command.opts(), process.env));
  addStartCommand(program, ports);
  addDemoCommand(program, ports);
  addSimulateCommand(program);
  addSelftestCommand(program, ports);
  addStatusCommand(program);
  addLagCommand(program);
  addLedgerCommand(program);
  addAlertsCommand(program);
  addQueryCommand(program);
  addTailCommand(program);
  addTraceCommand(program);
  addDeviceCommand(program);
  addGroupCommand(program);
  addKeyCommand(program);
  addAuditCommand(program);
  addDeadLettersCommand(program);
  addTenantCommand(program);
  addTopicRuleCommand(program);
  addAclCommand(program);
  addServiceCommand(program);
  addSessionCommand(program);
  addRetainedCommand(program);
  addPublishCommand(program);
  addCredentialCommand(program);
  addAuthorityCommand(program);
  addIssuerCommand(program);
  addClaimCodeCommand(program);
  addSchemaCommand(program);
  addCodecCommand(program);
  addShadowCommand(program);
  addPackCommand(program);
  addConfigCommand(program);
  addContextCommand(program);
  addVersionCommand(program);
  addCompletionCommand(program);
  addLogCommand(program, ports);
  return program;
}

function addVersionCommand(program: Command): void {
  withCommonOptions(program.command('version'))
    .summary('show the version')
    .action((options: CommonOptions) => {
      const output = new Output(options.json === true);
      output.text(versionOfPackage());
      output.document({ version: versionOfPackage() });
    });
}

function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof CommanderError) {
    const cause = error.code === 'commander.help' ? 'it names no command' : error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return usageFailure(`cannot read the command line: ${cause}`, 'npx spillway --help, or --help after a command');
  }
  return new CommandFailure('internal', `cannot continue: ${(error as Error).stack ?? String(error)}`, {
    wayOut: 'this is a bug: please report it',
  });
}

// Compiled files lie in dist/src/cli, in a checkout as in a package.
function versionOfPackage(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
