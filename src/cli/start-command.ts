import { join } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../config/table.js';
import { type Appliance, type CliPorts, runAppliance } from './appliance.js';
import { type CommonOptions, configOf, type SecretOptions, withCommonOptions, withSecretOptions } from './options.js';
import { Output } from './output.js';

export function addStartCommand(program: Command, ports: CliPorts): void {
  withSecretOptions(withCommonOptions(program.command('start')))
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
  npx spillway start --json | head -1     # {"event":"ready","http":"http://…","mqtt_port":…,"pid":…}

The admin key is printed by the start that makes it, and with --show-secrets; it is kept in the state folder, file admin-key. JSON has
secrets only with --show-secrets.

A second Ctrl-C says what is still being drained, a third exits at once; the next start then resumes from the log.
Settings: npx spillway config check`,
    )
    .action((options: CommonOptions & SecretOptions & { readonly roles?: string }) => {
      const output = new Output(options.json === true);
      const config = configOf(options, options.roles === undefined ? {} : { SPILLWAY_ROLES: options.roles });
      return runAppliance(ports, config, output, (appliance) => {
        const shows = { text: appliance.adminKeyIsNew || options.showSecrets === true, json: options.showSecrets === true };
        sayReady(output, appliance, config, { title: 'Spillway is ready', shows });
        appliance.showLog?.();
        return Promise.resolve();
      });
    });
}

export interface Greeting {
  readonly title: string;
  /** Opened in the console. */
  readonly tenant?: string;
  /** Whether secrets are shown to people, and to programs: those often write them into a log. */
  readonly shows: { readonly text: boolean; readonly json: boolean };
}

/** The first lines that people see, or the one event that programs wait for. */
export function sayReady(output: Output, appliance: Appliance, config: Config, { title, tenant, shows }: Greeting): void {
  const { httpUrl, httpsPort, ports, adminKey, databaseUrl } = appliance;
  const host = new URL(httpUrl).hostname;
  const kept =
    config.process.adminKey === undefined ? `in ${join(config.process.stateFolder, 'admin-key')}` : 'as SPILLWAY_ADMIN_KEY has it';
  const link = [...(shows.text ? [`key=${encodeURIComponent(adminKey)}`] : []), ...(tenant === undefined ? [] : [`tenant=${tenant}`])].join(
    '&',
  );
  output.text(
    title,
    `  console    ${httpUrl}/${link === '' ? '' : `#${link}`}`,
    ...(httpsPort === undefined ? [] : [`  HTTPS      https://${host}:${httpsPort}/`]),
    `  admin key  ${shows.text ? adminKey : kept}`,
    `  MQTT       mqtt://${host}:${ports.mqtt}`,
    ...(ports.mqtts === undefined ? [] : [`  MQTT, TLS  mqtts://${host}:${ports.mqtts}`]),
    ...(ports.ws === undefined ? [] : [`  WebSocket  ws://${host}:${ports.ws}/mqtt`]),
    ...(ports.wss === undefined ? [] : [`  the same, TLS  wss://${host}:${ports.wss}/mqtt`]),
    ...(ports.coap === undefined ? [] : [`  CoAP       coap://${host}:${ports.coap}`]),
    ...(ports.coaps === undefined ? [] : [`  CoAP, DTLS  coaps://${host}:${ports.coaps}`]),
    `  state      ${config.process.stateFolder}`,
    '  Ctrl-C stops it; what was acknowledged is kept',
  );
  output.document({
    event: 'ready',
    http: httpUrl,
    ...(httpsPort === undefined ? {} : { https_port: httpsPort }),
    mqtt_port: ports.mqtt,
    ...(ports.mqtts === undefined ? {} : { mqtts_port: ports.mqtts }),
    ...(ports.ws === undefined ? {} : { mqtt_ws_port: ports.ws }),
    ...(ports.wss === undefined ? {} : { mqtt_wss_port: ports.wss }),
    ...(ports.coap === undefined ? {} : { coap_port: ports.coap }),
    ...(ports.coaps === undefined ? {} : { coaps_port: ports.coaps }),
    ...(shows.json ? { admin_key: adminKey } : {}),
    pid: process.pid,
    state: config.process.stateFolder,
    // Of the embedded server only: a configured one is known to whoever configured it.
    ...(config.store.databaseUrl === undefined && databaseUrl !== undefined
      ? { database_url: shows.json ? databaseUrl : withoutPassword(databaseUrl) }
      : {}),
  });
}

function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.password = '';
  return url.href;
}
