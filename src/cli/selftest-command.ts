import type { Command } from 'commander';
import { CommandFailure, usageFailure } from './command-failure.js';
import { type CommonOptions, positiveNumber, withCommonOptions } from './options.js';
import { grouped, Output, table } from './output.js';
import { type FaultReport, runChaos } from './selftest/chaos.js';
import { faults, notTried } from './selftest/faults.js';

interface SelftestOptions extends CommonOptions {
  readonly chaos?: true;
  readonly minutes: number;
}

const help = `
Faults: ${faults.map(({ name }) => name).join(', ')}.
Not tried: ${notTried.map(({ name, why }) => `${name} (${why})`).join('; ')}.
After each fault every message is looked up in the database: what was acknowledged must be there, once, and nothing that was not sent.
Nothing outside of a temporary folder and of loopback is touched; a running appliance is left alone.

Examples:
  npx spillway selftest --chaos
  npx spillway selftest --chaos --minutes 10 --json

Exit code 0: nothing lost, nothing doubled, everything answered; 1: something was; 2: usage.`;

export function addSelftestCommand(program: Command): void {
  withCommonOptions(program.command('selftest'))
    .summary('prove on this machine that nothing acknowledged is lost')
    .description(
      'Starts an appliance of its own with an embedded database in a temporary folder, loads it at QoS 1 and 2, strikes it with one fault after another, and compares what was acknowledged with what is stored.',
    )
    .option('--chaos', 'the faults')
    .option('--minutes <n>', 'how long over all faults, recovery not counted', positiveNumber, 2)
    .addHelpText('after', help)
    .action(selftest);
}

async function selftest(options: SelftestOptions): Promise<void> {
  if (!options.chaos) throw usageFailure('cannot choose a test: none is named', 'npx spillway selftest --chaos');
  const output = new Output(options.json === true);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  output.text(
    `${faults.length} runs of ${((options.minutes * 60) / faults.length).toFixed(0)} s each, on an appliance in a temporary folder`,
  );
  const say = (report: FaultReport) => {
    output.text(`${report.passed ? 'passed' : 'FAILED'}  ${report.fault}: ${report.did}`);
    output.document({ event: 'fault', ...report });
  };
  const reports = await runChaos(process.argv[1] as string, options.minutes * 60, say, stop.signal);
  output.text('', ...table([columns, ...reports.map(cells)]), '', ...notTried.map(({ name, why }) => `not tried  ${name}: ${why}`));
  const passed = reports.length === faults.length && reports.every((report) => report.passed);
  output.document({ event: 'verdict', passed, faults: reports.length, not_tried: notTried });
  if (passed) output.text('verdict: nothing lost, nothing doubled, everything answered');
  else throw failureOf(reports);
}

const columns = [
  'fault',
  'acknowledged',
  'stored',
  'lost',
  'doubled',
  'unanswered',
  'ack p50 ms',
  'p99',
  'max',
  'silence ms',
  'catch-up ms',
];

function cells(report: FaultReport): string[] {
  const { fault, acknowledged, stored, lost, doubled, unanswered, ack_ms, longest_silence_ms, catch_up_ms } = report;
  const latency = ack_ms ? [ack_ms.p50, ack_ms.p99, ack_ms.max].map(String) : ['-', '-', '-'];
  return [
    fault,
    ...[acknowledged, stored, lost, doubled, unanswered].map(grouped),
    ...latency,
    grouped(longest_silence_ms),
    grouped(catch_up_ms),
  ];
}

function failureOf(reports: readonly FaultReport[]): CommandFailure {
  const failed = reports.filter((report) => !report.passed);
  const cause =
    failed.length === 0
      ? `it was interrupted after ${reports.length} of ${faults.length} runs`
      : failed
          .map(({ fault, lost, doubled, strange, unanswered }) => {
            return `after ${fault} ${lost} lost, ${doubled} doubled, ${strange} never sent, ${unanswered} unanswered`;
          })
          .join('; ');
  return new CommandFailure('selftest_failed', `cannot vouch for this machine: ${cause}`, {
    wayOut: failed.length === 0 ? 'let it run to its end' : 'report it with the output of --json',
  });
}
