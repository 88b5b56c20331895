import { fewCopies } from '../../contract/acknowledgement.js';
import type { DataPlane } from '../../contract/data-plane.js';
import { LASTING_MS, type Rule } from '../alerts/rule.js';

type Plane = Pick<DataPlane, 'acknowledgement' | 'intake' | 'notReady' | 'stalled' | 'uncompressed'>;

/** What must not be of the data plane. */
export function planeRules(plane: Plane): Rule[] {
  const late = { raiseAfterMs: LASTING_MS, clearAfterMs: LASTING_MS };
  const atOnce = { raiseAfterMs: 0, clearAfterMs: LASTING_MS };
  return [
    { name: 'not_ready', severity: 'critical', ...late, find: () => plane.notReady() },
    { name: 'partition_stalled', severity: 'critical', ...atOnce, find: () => plane.stalled() },
    { name: 'few_copies', severity: 'warning', ...late, find: () => tooFew(plane) },
    { name: 'chunks_uncompressed', severity: 'warning', ...atOnce, find: () => plane.uncompressed() },
    { name: 'devices_not_read', severity: 'warning', ...late, find: notRead(plane) },
  ];
}

function tooFew(plane: Plane): string | undefined {
  const acknowledgement = plane.acknowledgement();
  return acknowledgement && fewCopies(acknowledgement);
}

/** A gateway that pauses and resumes again and again is seldom seen paused. */
function notRead(plane: Plane): () => string | undefined {
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
