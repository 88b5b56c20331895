import { fewCopies } from '../../contract/acknowledgement.js';
import type { DataPlane } from '../../contract/data-plane.js';
import type { Severity } from '../alerts/alert.js';
import type { Imbalance } from '../ledger/balance.js';

/** Something that must not be, and how long it may be before somebody is called. */
export interface Rule {
  readonly name: string;
  readonly severity: Severity;
  readonly raiseAfterMs: number;
  readonly clearAfterMs: number;
  /** What is wrong now; undefined: nothing. Asked once a look. */
  find(): string | undefined;
}

export interface NodeParts {
  readonly plane: Pick<DataPlane, 'acknowledgement' | 'intake' | 'notReady' | 'stalled' | 'uncompressed'>;
  readonly ledger: { readonly imbalances: readonly Imbalance[] };
}

const LASTING_MS = 10_000;

/** What an operator of this node has to know at once; deploy/RUNBOOK.md lists them. */
export function nodeRules({ plane, ledger }: NodeParts): Rule[] {
  return [
    { name: 'ledger_unbalanced', severity: 'critical', raiseAfterMs: 0, clearAfterMs: LASTING_MS, find: () => unbalanced(ledger) },
    { name: 'not_ready', severity: 'critical', raiseAfterMs: LASTING_MS, clearAfterMs: LASTING_MS, find: () => plane.notReady() },
    { name: 'partition_stalled', severity: 'critical', raiseAfterMs: 0, clearAfterMs: LASTING_MS, find: () => plane.stalled() },
    { name: 'few_copies', severity: 'warning', raiseAfterMs: LASTING_MS, clearAfterMs: LASTING_MS, find: () => tooFew(plane) },
    { name: 'chunks_uncompressed', severity: 'warning', raiseAfterMs: 0, clearAfterMs: LASTING_MS, find: () => plane.uncompressed() },
    { name: 'devices_not_read', severity: 'warning', raiseAfterMs: LASTING_MS, clearAfterMs: LASTING_MS, find: notRead(plane) },
  ];
}

function tooFew(plane: NodeParts['plane']): string | undefined {
  const acknowledgement = plane.acknowledgement();
  return acknowledgement && fewCopies(acknowledgement);
}

function unbalanced({ imbalances }: NodeParts['ledger']): string | undefined {
  if (imbalances.length === 0) return undefined;
  return imbalances.map(({ at, between, missing }) => `${at}: ${missing} messages between ${between}`).join('; ');
}

/** A gateway that pauses and goes on, again and again, is seldom seen paused. */
function notRead(plane: NodeParts['plane']): () => string | undefined {
  let before = plane.intake().pauses;
  return () => {
    const { gateways, paused, pauses } = plane.intake();
    const isHeldUp = paused > 0 || pauses > before;
    before = pauses;
    return isHeldUp
      ? `devices wait: ${paused} of ${gateways} gateways read none of them, after ${pauses} pauses since the start`
      : undefined;
  };
}
