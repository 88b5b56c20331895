import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Config } from '../config/table.js';
import type { BulkAnswer, RangeAnswer } from '../contract/answers/devices.js';
import { AdminApi } from './admin-api.js';
import { type Appliance, type CliPorts, runAppliance } from './appliance.js';
import { CommandFailure } from './command-failure.js';
import { type CommonOptions, configOf, type SecretOptions, withCommonOptions, withSecretOptions } from './options.js';
import { Output } from './output.js';
import type { FromSimulation } from './simulate/process.js';
import type { SimulationPlan } from './simulate/simulation.js';
import { sayReady } from './start-command.js';
import { keptToken } from './token-file.js';

const tenant = 'demo';
const deviceCount = 100;
const idFormat = 'demo-%03d';
const devices = Array.from({ length: deviceCount }, (_, index) => `demo-${String(index + 1).padStart(3, '0')}`);
const firstReadingMsMax = 30_000;

export function addDemoCommand(program: Command, ports: CliPorts): void {
  withSecretOptions(withCommonOptions(program.command('demo')))
    .summary('run the appliance with 100 simulated devices')
    .description(
      `Starts the appliance, registers ${deviceCount} devices of tenant ${tenant} and lets them publish over MQTT, one message a second each. Run it as often as you like: devices, their token and their data stay in the state folder.`,
    )
    .addHelpText('after', '\nExamples:\n  npx spillway demo\n  SPILLWAY_STATE=/tmp/try npx spillway demo --json')
    .action((options: CommonOptions & SecretOptions) => {
      const output = new Output(options.json === true);
      const config = configOf(options);
      return runAppliance(ports, config, output, (appliance, stopping) =>
        demonstrate(appliance, config, output, stopping, options.showSecrets === true),
      );
    });
}

async function demonstrate(
  appliance: Appliance,
  config: Config,
  output: Output,
  stopping: AbortSignal,
  showsSecrets: boolean,
): Promise<void> {
  const api = new AdminApi(appliance.httpUrl, appliance.adminKey);
  const token = await registerFleet(api, config);
  const title = `Spillway demo: ${deviceCount} simulated devices of tenant ${tenant} publish over MQTT`;
  // A demo is there to be tried by whoever sits before it.
  sayReady(output, appliance, config, { title, tenant, shows: { text: true, json: showsSecrets } });
  sayExamples(output, appliance);
  appliance.showLog?.();
  const sinceMs = Date.now();
  const fleet = startFleet(planFor(appliance, token));
  const watched = watchFleet(fleet, output, stopping);
  try {
    await Promise.race([sayFirstReading(api, sinceMs, output, stopping), watched]);
    await watched;
  } finally {
    await endFleet(fleet);
  }
}

async function registerFleet(api: AdminApi, config: Config): Promise<string> {
  const { token, path, made } = keptToken(config.process.stateFolder, 'demo-token');
  const { created } = await api.post<BulkAnswer>('/v1/devices/bulk', { count: deviceCount, id_format: idFormat, tenant, token });
  if (made && created < deviceCount) {
    throw new CommandFailure(
      'demo_token_missing',
      `cannot connect the demo devices: they are registered, but ${path} with their token was missing`,
      {
        wayOut: 'put the file back, or run the demo in another state folder: SPILLWAY_STATE=.spillway-demo npm run demo',
      },
    );
  }
  return token;
}

/** As clients take it that get host and port apart: an IPv6 address without its brackets. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

function planFor({ httpUrl, ports }: Appliance, token: string): SimulationPlan {
  const host = hostOf(httpUrl);
  return {
    devices,
    tenant,
    token,
    host,
    port: ports.mqtt,
    protocol: 'mqtt',
    qos: 1,
    rate: deviceCount,
    series: 'daily',
    seed: 1,
    reportMs: 5000,
  };
}

function startFleet(plan: SimulationPlan): ChildProcess {
  const fleet = fork(fileURLToPath(new URL('./simulate/process.js', import.meta.url)), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  fleet.send(plan);
  return fleet;
}

/** Resolves when the demo stops; rejects when the fleet does so before. */
function watchFleet(fleet: ChildProcess, output: Output, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stopping.aborted) resolve();
    stopping.addEventListener('abort', () => resolve());
    fleet.on('message', (message: FromSimulation) => {
      if (message.kind === 'failed') reject(new CommandFailure('simulation_failed', `cannot continue the demo: ${message.message}`));
      else if (message.report.trouble !== undefined) output.remark(`simulated devices have trouble: ${message.report.trouble}`);
    });
    fleet.on('exit', (code, signal) =>
      reject(new CommandFailure('simulation_failed', `cannot continue the demo: the simulator ended (${signal ?? code})`)),
    );
  });
}

async function endFleet(fleet: ChildProcess): Promise<void> {
  if (fleet.exitCode !== null || fleet.signalCode !== null) return;
  const ended = once(fleet, 'exit');
  if (fleet.connected) fleet.disconnect();
  const timer = setTimeout(() => fleet.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}

/** Waits for the first row of this run: the time counts from the start of this process. */
async function sayFirstReading(api: AdminApi, sinceMs: number, output: Output, stopping: AbortSignal): Promise<void> {
  const path = `/v1/devices/${devices[0]}/metrics?tenant=${tenant}&metric=temperature&from=${sinceMs}&limit=1`;
  const deadline = performance.now() + firstReadingMsMax;
  while (!stopping.aborted && performance.now() < deadline) {
    // Until the first reading came, the metric may not exist yet.
    const answer = await api.get<Pick<RangeAnswer, 'points'>>(path).catch(() => ({ points: [] }));
    if (answer.points.length > 0) {
      const seconds = Math.round(performance.now()) / 1000;
      output.text(`first reading in the database after ${seconds.toFixed(1)} s`);
      output.document({ event: 'first_reading', seconds });
      return;
    }
    await delay(25, undefined, { signal: stopping }).catch(() => undefined);
  }
  if (!stopping.aborted) output.remark(`no reading reached the database within ${firstReadingMsMax / 1000} s; look at ${api.url}/readyz`);
}

function sayExamples(output: Output, { httpUrl, ports, adminKey }: Appliance): void {
  const host = hostOf(httpUrl);
  output.text(
    '',
    'Try in another terminal:',
    `  curl -H 'Authorization: Bearer ${adminKey}' '${httpUrl}/v1/devices/${devices[0]}/metrics/latest?tenant=${tenant}'`,
    `  npx spillway device add --id my-device --tenant ${tenant} --token my-token-1 --url ${httpUrl}`,
    `  mosquitto_pub -h ${host} -p ${ports.mqtt} -i my-device -u ${tenant} -P my-token-1 -q 1 -t devices/my-device/telemetry -m '{"metrics":{"temperature":21.5}}'`,
    `  curl -H 'Authorization: Bearer my-token-1' -d '{"metrics":{"temperature":21.7}}' '${httpUrl}/v1/ingest/my-device?tenant=${tenant}'`,
    '',
  );
}
