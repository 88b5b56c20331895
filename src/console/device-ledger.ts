import type { Ledger } from './answer.js';
import { element, setHidden } from './element.js';
import { formatCount, formatMoment } from './format.js';

/** Missing ranges that the page lists; how many more there are, it says. */
const rangesMax = 20;

/** What became of a device's messages, and which of its numbers never came. */
export class DeviceLedger {
  readonly root: HTMLElement;
  readonly #list = element('dl');
  #shown = '';

  constructor() {
    this.root = element(
      'section',
      { class: 'panel ledger', 'aria-label': 'Ledger', hidden: true },
      element('h2', {}, 'Ledger'),
      this.#list,
    );
  }

  show(ledger: Ledger): void {
    const facts = factsOf(ledger);
    const shown = JSON.stringify(facts);
    if (shown === this.#shown) return;
    this.#shown = shown;
    setHidden(this.root, false);
    this.root.dataset.balanced = String(ledger.balanced);
    this.#list.replaceChildren(...facts.flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]));
  }
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
