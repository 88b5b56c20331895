import type { UnitPort } from '../../contract/unit-report.js';
import type { Part } from '../part.js';
import type { StatedUnits } from './stated-units.js';

/** Keeps the units that devices state. */
export function unitsPart(stated: StatedUnits, plane: UnitPort): Part {
  return {
    open: async () => plane.onUnit((report) => stated.add(report)),
    close: () => stated.settled(),
  };
}
