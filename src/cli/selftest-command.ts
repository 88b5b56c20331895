import type { Command } from 'commander';
import type { CliPorts } from './appliance.js';
import { CommandFailure, usageFailure } from './command-failure.js';
import { type CommonOptions, positiveNumber, withCommonOptions } from './options.js';
import { grouped, Output, table } from './output.js';
import type { FaultReport } from './selftest/chaos.js';
import { brokerKill, diskFull, faults } from './selftest/faults.js';
import { onlyFaults, type Plan, planChaos, runsOf } from './selftest/plan.js';
import { stopSignals } from './stop-signals.js';

interface SelftestOptions extends CommonOptions {
  readonly chaos?: true;
  readonly kafka?: true;
  readonly minutes: number;
  readonly faults?: readonly string[];
}

const names = [...faults, diskFull, brokerKill].map(({ name }) => name);

const help = `
Faults: ${names.join(', ')}.
${diskFull.name} takes a tmpfs that may be mounted, as root may, or the command prlimit; ${brokerKill.name} takes --kafka. What cannot be tried is said.
After each fault every message is looked up in the database: what was acknowledged must be there, once, and nothing that was not sent;
and the appliance's own ledger must balance.
Nothing outside of a temporary folder and of loopback is touched; a running appliance is left alone.

Examples:
  npx spillway selftest --chaos
  npx spillway selftest --chaos --minutes 10 --json
  npx spillway selftest --chaos --faults process-kill,database-kill
  npx spillway selftest --chaos --kafka         # the log in three Kafka brokers of its own: needs node-rdkafka, Java 17 and Maven

Exit code 0: nothing lost, nothing doubled, everything answered and accounted for; 1: something was not; 2: usage.`;

export function addSelftestCommand(program: Command, ports: CliPorts): void {
  withCommonOptions(program.command('selftest'))
    .summary('prove on this machine that nothing acknowledged is lost')
    .description(
      'Starts an appliance of its own with an embedded database in a temporary folder, loads it at QoS 1 and 2, strikes it with one fault after another, and compares what was acknowledged with what is stored.',
    )
    .option('--chaos', 'the faults')
    .option('--kafka', 'with the log in Kafka, over real brokers that are fetched with Maven the first time')
    .option('--minutes <n>', 'how long over all faults, recovery not counted', positiveNumber, 2)
    .option('--faults <names>', 'only these, with commas between them; the verdict names the others as not tried', (text) =>
      text.split(','),
    )
    .addHelpText('after', help)
    .action((options: SelftestOptions) => selftest(options, ports));
}

async function selftest(options: SelftestOptions, ports: CliPorts): Promise<void> {
  if (!options.chaos) throw usageFailure('cannot choose a test: none is named', 'npx spillway selftest --chaos');
  if (options.kafka) await requireKafka(ports);
  const output = new Output(options.json === true);
  const stopping = stopSignals();
  const plan = planOf(options);
  const runs = runsOf(plan);
  const where = plan.kafka ? 'in a temporary folder, with its log in three Kafka brokers' : 'in a temporary folder';
  output.text(`${runs} runs of ${((options.minutes * 60) / runs).toFixed(0)} s each, on an appliance ${where}`);
  const say = (report: FaultReport) => {
    output.text(`${report.passed ? 'passed' : 'FAILED'}  ${report.fault}: ${report.did}`);
    output.document({ event: 'fault', ...report });
  };
  const program = process.argv[1] as string;
  // Its clients of MQTT and PostgreSQL take long to load: no other command needs them.
  const { runChaos } = await import('./selftest/chaos.js');
  const reports = await runChaos({ program, plan, seconds: options.minutes * 60, say, stopping });
  sayVerdict(output, plan, reports);
}

function planOf({ kafka, faults: wanted }: SelftestOptions): Plan {
  const unknown = wanted?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0)
    throw usageFailure(`cannot try the fault ${unknown.join(', ')}: there is none of that name`, `choose from ${names.join(', ')}`);
  const plan = planChaos(kafka === true);
  if (wanted === undefined) return plan;
  const chosen = onlyFaults(plan, wanted);
  if (runsOf(chosen) > 0) return chosen;
  const why = plan.notTried.filter(({ name }) => wanted.includes(name)).map(({ name, why }) => `${name}: ${why}`);
  throw usageFailure(`cannot try any of the faults named: ${why.join('; ')}`, 'npx spillway selftest --chaos');
}

/** Said before minutes have gone by. */
async function requireKafka(ports: CliPorts): Promise<void> {
  try {
    await ports.loadKafka();
  } catch (error) {
    const { message, wayOut } = error as Error & { wayOut?: string };
    throw new CommandFailure('kafka_addon_missing', `cannot put the log into Kafka: ${message}`, { wayOut });
  }
}

function sayVerdict(output: Output, plan: Plan, reports: readonly FaultReport[]): void {
  output.text('', ...table([columns, ...reports.map(cells)]));
  output.text('', 'the ledger after each fault, of the appliance since its last start:', ...table([states, ...reports.map(books)]));
  output.text('', ...plan.notTried.map(({ name, why }) => `not tried  ${name}: ${why}`));
  const passed = reports.length === runsOf(plan) && reports.every((report) => report.passed);
  const balanced = reports.length > 0 && reports.every(({ ledger }) => ledger.balanced);
  const ack_ms = Object.fromEntries(reports.map((report) => [report.fault, report.ack_ms]));
  const ledger = Object.fromEntries(reports.map((report) => [report.fault, report.ledger]));
  output.document({ event: 'verdict', passed, faults: reports.length, balanced, ledger, ack_ms, not_tried: plan.notTried });
  if (!passed) throw failureOf(plan, reports);
  output.text('verdict: nothing lost, nothing doubled, everything answered, the ledger balances');
}

const columns = [
  'fault',
  'acknowledged',
  'stored',
  'lost',
  'doubled',
  'unanswered',
  'ack p50 ms',
  'p95',
  'p99',
  'max',
  'silence ms',
  'catch-up ms',
];

function cells(report: FaultReport): string[] {
  const { fault, acknowledged, stored, lost, doubled, unanswered, ack_ms, longest_silence_ms, catch_up_ms } = report;
  const latency = ack_ms ? [ack_ms.p50, ack_ms.p95, ack_ms.p99, ack_ms.max].map(String) : ['-', '-', '-', '-'];
  return [
    fault,
    ...[acknowledged, stored, lost, doubled, unanswered].map(grouped),
    ...latency,
    grouped(longest_silence_ms),
    grouped(catch_up_ms),
  ];
}

/** received + recovered = stored + duplicate + dead + rejected + in flight */
const states = ['fault', 'received', '+ recovered', '= stored', '+ duplicate', '+ dead', '+ rejected', '+ in flight', 'books'];

function books({ fault, ledger }: FaultReport): string[] {
  const { received, recovered, stored, duplicate, dead, rejected, in_flight, balanced } = ledger;
  const counts = [received, recovered, stored, duplicate, dead, rejected, in_flight].map(grouped);
  return [fault, ...counts, balanced ? 'balanced' : 'NOT BALANCED'];
}

function failureOf(plan: Plan, reports: readonly FaultReport[]): CommandFailure {
  const failed = reports.filter((report) => !report.passed);
  const cause =
    failed.length === 0
      ? `it was interrupted after ${reports.length} of ${runsOf(plan)} runs`
      : failed
          .map(({ fault, struck, lost, doubled, strange, unanswered, ledger }) => {
            if (!struck) return `${fault} struck nothing`;
            const found = `${lost} lost, ${doubled} doubled, ${strange} never sent, ${unanswered} unanswered`;
            return `after ${fault} ${found}${ledger.balanced ? '' : ', and the ledger does not balance'}`;
          })
          .join('; ');
  return new CommandFailure('selftest_failed', `cannot vouch for this machine: ${cause}`, {
    wayOut: failed.length === 0 ? 'let it run to its end' : 'report it with the output of --json',
  });
}
