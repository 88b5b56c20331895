import { setTimeout as delay } from 'node:timers/promises';
import { BenchAppliance } from './appliance.js';
import { type BenchCommand, isProgram, runCommand } from './command.js';
import { type HttpAnswer, HttpClient } from './http-client.js';
import { describeMachine } from './machine.js';
import { type Figures, middleOf, rounded } from './median.js';

const help = `npm run -s bench:http -- [--json] [--runs N] [--connections N] [--seconds N]

Requests a second of the HTTP port, over connections that are kept and have one request under way each: first POST /v1/ingest/{id}, a
device a connection, acknowledged after fsync; then GET /v1/devices/{id}/metrics/latest. Clients and appliance share this machine.

  --connections 32   --seconds 10   --runs 1`;

interface Settings {
  readonly connections: number;
  readonly seconds: number;
}

/** What one kind of request did. */
interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Of the thread that serves HTTP; null where the appliance cannot tell. */
  readonly mainCpuUsPerRequest: number | null;
  readonly processCpuUsPerRequest: number;
  readonly answerMs: { readonly p50: number; readonly p99: number };
}

const TOKEN = 'bench-token-of-the-devices';
const settleMsMax = 60_000;

async function run(settings: Settings, say: (text: string) => void) {
  const appliance = await BenchAppliance.start({});
  const clients: HttpClient[] = [];
  try {
    await appliance.api.post('/v1/devices/bulk', { count: settings.connections, id_format: 'bench-%d', token: TOKEN });
    const port = Number(new URL(appliance.http).port);
    for (let index = 0; index < settings.connections; index++) clients.push(await HttpClient.open(port));
    const sent = clients.map(() => 0);
    const ingest = await load(appliance, clients, settings.seconds, (index) => ingestRequest(index, ++sent[index]!), isDurable);
    say(`ingest: ${ingest.requestsPerSecond} requests a second`);
    const wrong = await storedAll(appliance, sent);
    const latest = await load(appliance, clients, settings.seconds, (index) => latestRequest(appliance, index), isLatest(sent));
    say(`latest: ${latest.requestsPerSecond} requests a second`);
    const figures = { ingest, latest, settings, machine: describeMachine() };
    return { figures, wrong };
  } finally {
    for (const client of clients) client.close();
    await appliance.stop();
  }
}

/** Runs each client in a closed loop; throws at the first answer that `isRight` does not want. */
async function load(
  appliance: BenchAppliance,
  clients: readonly HttpClient[],
  seconds: number,
  requestOf: (index: number) => string,
  isRight: (index: number, answer: HttpAnswer) => boolean,
): Promise<Load> {
  const latencies: number[] = [];
  const cpuBefore = await cpuSeconds(appliance);
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const ask = async (client: HttpClient, index: number) => {
    for (let sentMs = performance.now(); sentMs < endMs; sentMs = performance.now()) {
      const answer = await client.send(requestOf(index));
      latencies.push(performance.now() - sentMs);
      if (!isRight(index, answer)) throw new Error(`cannot trust the run: the answer is ${answer.status} ${answer.body}`);
    }
  };
  await Promise.all(clients.map(ask));
  const elapsed = (performance.now() - startMs) / 1000;
  const cpu = await cpuSeconds(appliance);
  const requests = latencies.length;
  const sorted = latencies.sort((a, b) => a - b);
  const perRequest = (used: number) => rounded((used / requests) * 1e6);
  return {
    requests,
    requestsPerSecond: rounded(requests / elapsed),
    mainCpuUsPerRequest: cpu.main === undefined || cpuBefore.main === undefined ? null : perRequest(cpu.main - cpuBefore.main),
    processCpuUsPerRequest: perRequest(cpu.process - cpuBefore.process),
    answerMs: { p50: rounded(middleOf(sorted)), p99: rounded(sorted[Math.floor(requests * 0.99)]!) },
  };
}

async function cpuSeconds(appliance: BenchAppliance) {
  const process = Number(/^process_cpu_seconds_total (\S+)/m.exec(await appliance.metrics())?.[1] ?? Number.NaN);
  return { main: (await appliance.threadCpu()).main, process };
}

function ingestRequest(index: number, seq: number): string {
  const body = JSON.stringify({ metrics: { value: seq }, seq });
  const head = `Host: bench\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  return `POST /v1/ingest/bench-${index + 1} HTTP/1.1\r\n${head}\r\n\r\n${body}`;
}

function isDurable(_index: number, { status, body }: HttpAnswer): boolean {
  return status === 202 && JSON.parse(body).status === 'durable';
}

function latestRequest({ adminKey }: BenchAppliance, index: number): string {
  return `GET /v1/devices/bench-${index + 1}/metrics/latest HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${adminKey}\r\n\r\n`;
}

/** The latest value of a device is the number of its last message. */
function isLatest(sent: readonly number[]): (index: number, answer: HttpAnswer) => boolean {
  return (index, { status, body }) => status === 200 && JSON.parse(body).metrics.value.value === sent[index];
}

/** Waits until every acknowledged message is stored; returns undefined, or after the deadline a sentence with the three counts. */
async function storedAll({ api }: BenchAppliance, sent: readonly number[]): Promise<string | undefined> {
  const expected = sent.reduce((total, count) => total + count, 0);
  const endMs = Date.now() + settleMsMax;
  for (;;) {
    const { node } = await api.get<{ node: { stored: number; received: number } }>('/v1/ledger');
    if (node.stored === expected && node.received === expected) return undefined;
    if (Date.now() > endMs) return `${expected} messages were acknowledged, ${node.received} received and ${node.stored} stored`;
    await delay(100);
  }
}

function describe(figures: Figures): string {
  const { ingest, latest } = figures as unknown as Record<'ingest' | 'latest', Load>;
  const line = (name: string, { requestsPerSecond, mainCpuUsPerRequest, processCpuUsPerRequest, answerMs }: Load) =>
    `${name.padEnd(28)} ${requestsPerSecond} requests a second, CPU ${processCpuUsPerRequest} µs a request (main thread ${mainCpuUsPerRequest}), ` +
    `answer p50 ${answerMs.p50} ms, p99 ${answerMs.p99} ms`;
  return [line('POST /v1/ingest/{id}', ingest), line('GET …/metrics/latest', latest)].join('\n');
}

const command: BenchCommand<Settings> = {
  name: 'bench:http',
  help,
  options: ['connections', 'seconds'],
  settingsOf: (options) => ({ connections: options.whole('connections', 32, 1, 1000), seconds: options.above('seconds', 10) }),
  run,
  describe,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(command, process.argv.slice(2));
