import type { Command } from 'commander';
import type { Config } from '../config/table.js';
import { type Appliance, type CliPorts, runAppliance } from './appliance.js';
import { type CommonOptions, configOf, withCommonOptions } from './options.js';
import { Output } from './output.js';

export function addStartCommand(program: Command, ports: CliPorts): void {
  withCommonOptions(program.command('start'))
    .summary('run the appliance until Ctrl-C')
    .description(
      'Brings up the appliance: database, log, pipelines, MQTT, HTTP and the console. Ctrl-C or SIGTERM drains and stops it; the state folder keeps everything.',
    )
    .option(
      '--roles <list>',
      'what this process does: gateway, pipeline, control, with commas between (default: $SPILLWAY_ROLES, else all)',
    )
    .addHelpText(
      'after',
      `
Examples:
  npx spillway start
  npx spillway start --roles gateway       # one of several processes around a Kafka log and a database
  SPILLWAY_HTTP_PORT=9090 SPILLWAY_STATE=/var/lib/spillway npx spillway start
  npx spillway start --json | head -1     # {"event":"ready","http":"http://…","mqtt_port":…,"admin_key":"…","pid":…}

A second Ctrl-C says what is still going on, a third ends at once; the next start then goes on from the log.
Settings: npx spillway config check`,
    )
    .action((options: CommonOptions & { readonly roles?: string }) => {
      const output = new Output(options.json === true);
      const config = configOf(options, options.roles === undefined ? {} : { SPILLWAY_ROLES: options.roles });
      return runAppliance(ports, config, output, (appliance) => {
        sayReady(output, appliance, config, 'Spillway is ready');
        return Promise.resolve();
      });
    });
}

/** The first lines that people see, or the one event that programs wait for. */
export function sayReady(output: Output, appliance: Appliance, config: Config, title: string, tenant?: string): void {
  const { httpUrl, mqttPort, mqttsPort = 0, adminKey, databaseUrl } = appliance;
  output.text(
    title,
    `  console    ${httpUrl}/#key=${encodeURIComponent(adminKey)}${tenant === undefined ? '' : `&tenant=${tenant}`}`,
    `  admin key  ${adminKey}`,
    `  MQTT       mqtt://${new URL(httpUrl).hostname}:${mqttPort}`,
    ...(mqttsPort === 0 ? [] : [`  MQTT, TLS  mqtts://${new URL(httpUrl).hostname}:${mqttsPort}`]),
    `  state      ${config.process.stateFolder}`,
    '  Ctrl-C stops it; what was acknowledged is kept',
  );
  output.document({
    event: 'ready',
    http: httpUrl,
    mqtt_port: mqttPort,
    ...(mqttsPort === 0 ? {} : { mqtts_port: mqttsPort }),
    admin_key: adminKey,
    pid: process.pid,
    state: config.process.stateFolder,
    // The embedded server's URL is made up at each start; a configured one may hold somebody's password.
    ...(config.store.databaseUrl === undefined && databaseUrl !== undefined ? { database_url: databaseUrl } : {}),
  });
}
