import type { Ledger } from '../data/answer.js';
import { formatCount, formatMoment } from '../data/format.js';
import { Facts } from './facts.js';

/** Missing ranges that the page lists; how many more there are, it says. */
const rangesMax = 20;

/** What became of a device's messages, and which of its numbers never came. */
export function DeviceLedger({ ledger }: { ledger: Ledger | undefined }) {
  return (
    <section class="panel ledger" aria-label="Ledger" hidden={!ledger} data-balanced={String(ledger?.balanced)}>
      <h2>Ledger</h2>
      {ledger && <Facts facts={factsOf(ledger)} />}
    </section>
  );
}

function factsOf(ledger: Ledger): [string, string][] {
  const facts: [string, string][] = [
    ['Received', formatCount(ledger.received)],
    ['Stored', formatCount(ledger.stored)],
    ['Duplicates', formatCount(ledger.duplicate)],
    ['Dead letters', withReasons(ledger.dead, ledger.dead_by_reason)],
    ['Rejected', withReasons(ledger.rejected, ledger.rejected_by_reason)],
  ];
  if (ledger.in_flight !== null) facts.push(['In flight', formatCount(ledger.in_flight)]);
  if (ledger.balanced === false) facts.push(['Balance', 'does not balance: see the event ledger-unbalanced in the log']);
  if (ledger.since !== null) facts.push(['Since', formatMoment(Date.parse(ledger.since))]);
  return [...facts, ...sequenceFacts(ledger.sequence)];
}

function sequenceFacts(sequence: Ledger['sequence']): [string, string][] {
  if (sequence.first === null || sequence.last === null) return [['Numbers', 'none: the device sends no seq']];
  const facts: [string, string][] = [
    ['Numbers', `${sequence.first} to ${sequence.last}`],
    ['Missing', sequence.missing === 0 ? 'none' : `${formatCount(sequence.missing)}: ${listed(sequence.missing_ranges)}`],
  ];
  if (sequence.truncated) facts.push(['Forgotten', `gaps below ${sequence.first} are no longer known`]);
  if (sequence.rebooted_at !== null) {
    facts.push(['Reboots', `${formatCount(sequence.reboots)}, the last ${formatMoment(Date.parse(sequence.rebooted_at))}`]);
  }
  return facts;
}

/** The newest gaps first: they are the ones that can still be filled. */
function listed(ranges: Ledger['sequence']['missing_ranges']): string {
  const newest = ranges.slice(-rangesMax).reverse();
  const texts = newest.map(({ from, to }) => (from === to ? String(from) : `${from}–${to}`));
  if (ranges.length > newest.length) texts.push(`${ranges.length - newest.length} more`);
  return texts.join(', ');
}

function withReasons(total: number, reasons: Readonly<Record<string, number>>): string {
  const named = Object.entries(reasons).map(([reason, count]) => `${formatCount(count)} ${reason}`);
  return named.length === 0 ? formatCount(total) : `${formatCount(total)}: ${named.join(', ')}`;
}
