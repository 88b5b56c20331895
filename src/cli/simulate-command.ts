import { type Command, Option } from 'commander';
import type { Config } from '../config/table.js';
import { authority, reachableHost } from '../contract/host-address.js';
import { readAddress } from './address-file.js';
import { localApi } from './admin-api.js';
import { CommandFailure, usageFailure } from './command-failure.js';
import { type ApplianceOptions, configOf, formatId, idFormatOption, positiveNumber, wholeNumber, withApplianceOptions } from './options.js';
import { grouped, Output } from './output.js';
import { type SeriesName, seriesNames } from './simulate/series.js';
import { runSimulation, type SimulationPlan, type SimulationReport } from './simulate/simulation.js';
import { stopSignals } from './stop-signals.js';
import { keptToken } from './token-file.js';

interface SimulateOptions extends ApplianceOptions {
  readonly devices: number;
  readonly rate?: number;
  readonly qos: '0' | '1';
  readonly protocol: 'mqtt' | 'http';
  readonly tenant: string;
  readonly seconds?: number;
  readonly series: SeriesName;
  readonly seed: number;
  readonly host?: string;
  readonly port?: number;
  readonly idFormat: string;
  readonly token?: string;
  readonly register?: true;
  readonly reportSeconds: number;
}

const examples = `
Examples:
  npx spillway simulate --register --devices 100 --rate 100
  npx spillway simulate --register --series weather --protocol http --seconds 60
  npx spillway simulate --devices 1000 --rate 5000 --qos 0 --id-format dev-%06d --token a-token-of-all --host gateway.example --port 1883

Series: daily = temperature, humidity, battery with a daily cycle, noise and drift; weather = temperature, pressure, wind of a
real year (package vega-datasets). Equal seeds give equal values at equal times.
The schedule is open-loop: messages fall due whatever became of those before; the ack latency counts from then.
Exit code 0: every message was acknowledged; 1: some were not; 2: usage.`;

export function addSimulateCommand(program: Command): void {
  withApplianceOptions(program.command('simulate'))
    .summary('simulated devices that publish to an appliance')
    .description(
      'Lets simulated devices publish realistic series over MQTT or HTTP, until Ctrl-C or for --seconds, and reports rates and acknowledgement latencies.',
    )
    .option('--devices <n>', 'how many devices', wholeNumber(1, 100_000), 100)
    .option('--rate <n>', 'messages a second over all devices (default: one a device)', positiveNumber)
    .addOption(new Option('--qos <n>', 'MQTT quality of service').choices(['0', '1']).default('1'))
    .addOption(new Option('--protocol <name>', 'how they publish').choices(['mqtt', 'http']).default('mqtt'))
    .option('--tenant <id>', 'their tenant', 'default')
    .option('--seconds <n>', 'how long (default: until Ctrl-C)', positiveNumber)
    .addOption(new Option('--series <name>', 'what they measure').choices([...seriesNames]).default('daily'))
    .option('--seed <n>', 'seed of the series', wholeNumber(0, 2 ** 31 - 1), 1)
    .option('--host <host>', 'where they connect (default: bind of the config)')
    .option('--port <n>', 'port of the protocol (default: that of the config)', wholeNumber(1, 65535))
    .option('--id-format <format>', 'device ids, numbered from 1', idFormatOption, 'sim-%06d')
    .option('--token <token>', 'token of all devices (default with --register: one kept in <state>/simulate-token)')
    .option('--register', 'register missing devices through the API first')
    .option('--report-seconds <n>', 'time between reports', positiveNumber, 5)
    .addHelpText('after', examples)
    .action(simulate);
}

async function simulate(options: SimulateOptions): Promise<void> {
  const output = new Output(options.json === true);
  const config = configOf(options);
  const stopping = stopSignals();
  const plan = planOf(options, config, await tokenOf(options, config));
  output.text(
    `${grouped(plan.devices.length)} devices of tenant ${plan.tenant} publish ${plan.rate} messages a second to ${plan.protocol}://${authority(plan.host, plan.port)}`,
  );
  const summary = await runSimulation(
    plan,
    (report) => {
      output.text(`${report.seconds.toFixed(0).padStart(4)} s  ${line(report)}`);
      output.document({ event: 'progress', ...report });
    },
    stopping,
  );
  output.text(`done after ${summary.seconds} s: ${line(summary)}`);
  output.document({ event: 'finished', ...summary });
  refuseLoss(summary);
}

function planOf(options: SimulateOptions, config: Config, token: string): SimulationPlan {
  const running = options.host === undefined ? readAddress(config.process.stateFolder) : undefined;
  const runningPort = running && (options.protocol === 'mqtt' ? running.mqttPort : Number(new URL(running.http).port));
  const port = options.port ?? runningPort ?? (options.protocol === 'mqtt' ? config.listen.mqttPort : config.listen.httpPort);
  if (port === 0)
    throw usageFailure(
      `cannot reach the appliance: ${options.protocol}_port is 0, and no appliance runs on this state folder`,
      'name it: --port N',
    );
  return {
    devices: Array.from({ length: options.devices }, (_, index) => formatId(options.idFormat, index + 1)),
    tenant: options.tenant,
    token,
    host: options.host ?? reachableHost(config.listen.bind),
    port,
    protocol: options.protocol,
    qos: options.qos === '1' ? 1 : 0,
    rate: options.rate ?? options.devices,
    seconds: options.seconds,
    series: options.series,
    seed: options.seed,
    reportMs: options.reportSeconds * 1000,
  };
}

async function tokenOf(options: SimulateOptions, config: Config): Promise<string> {
  const token = options.token ?? keptToken(config.process.stateFolder, 'simulate-token').token;
  if (options.register) {
    const body = { count: options.devices, id_format: options.idFormat, tenant: options.tenant, token };
    await localApi(config, options.url).post('/v1/devices/bulk', body);
  }
  return token;
}

function line({
  sent,
  acked,
  refused,
  dropped,
  sent_per_second,
  acked_per_second,
  ack_ms,
  connected,
  devices,
  trouble,
}: SimulationReport): string {
  const parts = [`sent ${grouped(sent)} (${grouped(sent_per_second)}/s)`, `acked ${grouped(acked)} (${grouped(acked_per_second)}/s)`];
  if (ack_ms) parts.push(`ack p50 ${ack_ms.p50} ms p99 ${ack_ms.p99} ms`);
  parts.push(`connected ${grouped(connected)}/${grouped(devices)}`);
  if (refused > 0) parts.push(`refused ${grouped(refused)}`);
  if (dropped > 0) parts.push(`not sent ${grouped(dropped)}`);
  if (trouble !== undefined) parts.push(`trouble: ${trouble}`);
  return parts.join('  ');
}

function refuseLoss({ sent, acked, refused, dropped, trouble }: SimulationReport): void {
  if (sent > 0 && acked === sent && dropped === 0) return;
  const cause = trouble ?? `${grouped(sent - acked - refused)} messages were never answered`;
  throw new CommandFailure('simulation_unacknowledged', `cannot deliver every message: ${cause}`, {
    wayOut: 'check host, port, tenant and token; --register registers missing devices, devices with another token keep theirs',
  });
}
