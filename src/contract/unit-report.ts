/** A device states the unit of one of its metrics, both by their numbers. */
export interface UnitReport {
  readonly device: number;
  readonly metric: number;
  readonly unit: string;
}

/** What the subject of units asks of the data plane. */
export interface UnitPort {
  /** The listener is called with what messages state; the same may come again. */
  onUnit(listener: (report: UnitReport) => void): void;
}
