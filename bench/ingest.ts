import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type IngestOutcome, type IngestSettings, runIngest } from './ingest-run.js';
import { describeMachine } from './machine.js';

const help = `npm run -s bench:ingest -- [--json] [--qos 0|1] [--connections N] [--batch N] [--devices N] [--seconds N] [--store null|embedded|timescale]
                           [--window N] [--rate N] [--generators N]

Starts an appliance with a state folder of its own, lets gateway devices publish for the devices behind them as fast as sockets
take it, waits until every row is committed, and checks rows and values against what was sent. Exit code 1 when they differ.

  --qos 0          --connections 10   gateway devices, one connection each     --batch 16   packets a write
  --seconds 5      --devices 1000     rounded up to a multiple of connections  --window 2048  unacknowledged at QoS 1, a connection
  --store embedded timescale: on the server that SPILLWAY_DATABASE_URL names, in a database of its own; null: no rows
  --rate           messages a second over all connections (default: as fast as they go)   --generators 1   processes
  --json           the last line is one JSON document`;

/** The line that other programs read: its first members are fixed, later ones may grow. */
export function resultOf(settings: IngestSettings, outcome: IngestOutcome, machine: ReturnType<typeof describeMachine>) {
  const { messages, rows, rowsExpected, seconds, cpuSeconds, latency, ceiling } = outcome;
  const each = (cpu: number | null | undefined) =>
    cpu === null || cpu === undefined || messages === 0 ? null : rounded((cpu * 1e6) / messages);
  const { gateway, log, pipeline, store, main, database, generator } = cpuSeconds;
  const known = [gateway, log, pipeline, store, main, database].filter((cpu): cpu is number => typeof cpu === 'number');
  const ms = (percent: number) => (latency.percentile(percent) === undefined ? null : rounded(latency.percentile(percent)!));
  const ratio = (rowsPerSecond: number | undefined) => (rowsPerSecond === undefined ? null : rounded(rows / seconds / rowsPerSecond));
  return {
    messages,
    rows,
    seconds: rounded(seconds),
    messagesPerSecond: Math.round(messages / seconds),
    cpuUsPerMessage: {
      gateway: each(gateway),
      log: each(log),
      pipeline: each(pipeline),
      store: each(store),
      main: each(main),
      database: each(database),
      total: known.length === 0 ? null : each(known.reduce((sum, cpu) => sum + cpu, 0)),
    },
    ackMs: { p50: ms(50), p95: ms(95), p99: ms(99) },
    rowsExpected,
    copyCeiling: ratio(ceiling?.rowsPerSecond),
    copyCeilingBare: ratio(ceiling?.bareRowsPerSecond),
    copyRowsPerSecond: ceiling ? Math.round(ceiling.rowsPerSecond) : null,
    sendSeconds: rounded(outcome.sendSeconds),
    generatorCpuUsPerMessage: each(generator),
    settings,
    machine,
  };
}

/** Why the run proves nothing, or undefined. */
export function mismatch(
  settings: IngestSettings,
  { messages, rows, rowsExpected, sum, sumExpected, acked }: IngestOutcome,
): string | undefined {
  if (messages === 0) return 'nothing was sent';
  if (rows !== rowsExpected) return `${rows} rows are in the database, ${rowsExpected} were sent`;
  if (sum !== undefined && sum !== sumExpected) return `the values add up to ${sum / 100}, those sent to ${sumExpected / 100}`;
  if (settings.qos === 1 && acked !== messages) return `${acked} of ${messages} messages were acknowledged`;
  return undefined;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function settingsOf(argv: readonly string[]): (IngestSettings & { json: boolean }) | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...{
        qos: text,
        connections: text,
        batch: text,
        devices: text,
        seconds: text,
        store: text,
        window: text,
        rate: text,
        generators: text,
      },
      ...{ json: { type: 'boolean' }, help: { type: 'boolean' } },
    },
  });
  if (values.help) return undefined;
  const whole = (name: 'connections' | 'batch' | 'devices' | 'window' | 'generators', fallback: number, highest: number) => {
    const number = Number(values[name] ?? fallback);
    if (!Number.isInteger(number) || number < 1 || number > highest)
      throw new Error(`--${name} must be a whole number from 1 to ${highest}`);
    return number;
  };
  const above = (name: 'seconds' | 'rate', value: number) => {
    if (!(value > 0 && value <= 1e9)) throw new Error(`--${name} must be a number above 0`);
    return value;
  };
  const { qos = '0', store = 'embedded' } = values;
  if (qos !== '0' && qos !== '1') throw new Error('--qos must be 0 or 1');
  if (store !== 'null' && store !== 'embedded' && store !== 'timescale') throw new Error('--store must be null, embedded or timescale');
  const connections = whole('connections', 10, 10_000);
  const devices = Math.ceil(whole('devices', 1000, 999_999) / connections) * connections;
  return {
    json: values.json === true,
    qos: qos === '0' ? 0 : 1,
    connections,
    batch: whole('batch', 16, 10_000),
    devices,
    seconds: above('seconds', Number(values.seconds ?? 5)),
    store,
    window: Math.max(whole('window', 2048, 60_000), whole('batch', 16, 10_000)),
    rate: values.rate === undefined ? undefined : above('rate', Number(values.rate)),
    generators: Math.min(connections, whole('generators', 1, 64)),
  };
}

function describe(result: ReturnType<typeof resultOf>): string {
  const { cpuUsPerMessage: cpu, ackMs } = result;
  const part = (value: number | null) => value ?? '-';
  return [
    `${result.messages} messages in ${result.seconds} s: ${result.messagesPerSecond} a second; ${result.rows} rows of ${result.rowsExpected}`,
    `CPU µs a message: gateway ${part(cpu.gateway)}, log ${part(cpu.log)}, pipeline ${part(cpu.pipeline)}, store ${part(cpu.store)}, main ${part(cpu.main)}, database ${part(cpu.database)}, total ${part(cpu.total)}`,
    `ack ms: p50 ${part(ackMs.p50)}, p95 ${part(ackMs.p95)}, p99 ${part(ackMs.p99)}`,
    `share of a bare COPY: ${part(result.copyCeiling)} (same layout), ${part(result.copyCeilingBare)} (no index)`,
  ].join('\n');
}

/** Resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let settings: ReturnType<typeof settingsOf>;
  try {
    settings = settingsOf(argv);
  } catch (error) {
    console.error(`bench:ingest: cannot read the command line: ${(error as Error).message}\n\n${help}`);
    return 2;
  }
  if (!settings) {
    console.log(help);
    return 0;
  }
  const machine = describeMachine();
  try {
    const { json, ...run } = settings;
    const outcome = await runIngest(run, (text) => console.log(text));
    const result = resultOf(run, outcome, machine);
    console.log(describe(result));
    const wrong = mismatch(run, outcome);
    if (wrong) console.error(`bench:ingest: cannot trust the run: ${wrong}`);
    if (json) console.log(JSON.stringify(result));
    return wrong ? 1 : 0;
  } catch (error) {
    console.error(`bench:ingest: ${(error as Error).message}`);
    return 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await main(process.argv.slice(2));
