/**
 * What a failed statement means for the batch. `data`: the server refuses a row for what it holds, and will refuse it every time.
 * `again`: any other failure, which passes by itself or which an operator mends; the whole batch may be stored later.
 */
export type Verdict = 'data' | 'again';

/**
 * Classes whose errors are about a row: what a column, a constraint, a domain, a view's check or a trigger says of its values.
 * PostgreSQL documentation, Appendix A.
 */
const DATA_CLASSES = new Set([
  '09', // triggered action exception
  '21', // cardinality violation
  '22', // data exception
  '23', // integrity constraint violation
  '27', // triggered data change violation
  '2F', // SQL routine exception
  '38', // external routine exception
  '44', // WITH CHECK OPTION violation
  'P0', // PL/pgSQL: raise, assert, no or too many rows
]);

/** A row's own fault in a class of others' faults. */
const DATA_STATES = new Set([
  '42804', // a value of another type than a trigger or a domain wants
  '54000', // a value too large for an index
]);

/** States about the whole stream or the table's columns: taken for a row's fault, they would make a dead letter of every row. */
const SHAPE_STATES = new Set(['22P03', '22P04']);

/** Classes that PostgreSQL and TimescaleDB use. A state of any other was made up by a trigger, which refused the row on purpose. */
const KNOWN_CLASSES = new Set([
  ...['00', '01', '02', '03', '08', '09', '0A', '0B', '0F', '0L', '0P', '0Z', '10', '20', '21', '22', '23', '24', '25', '26', '27'],
  ...['28', '2B', '2D', '2F', '34', '38', '39', '3B', '3D', '3F', '40', '42', '44', '53', '54', '55', '57', '58', '72'],
  ...['F0', 'HV', 'P0', 'TS', 'XX'],
]);

export function verdictOn(error: unknown): Verdict {
  const { code } = error as { code?: unknown };
  // The client's own errors (CONNECTION_CLOSED, ECONNRESET) are no states.
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code) || !isOfServer(error)) return 'again';
  if (SHAPE_STATES.has(code)) return 'again';
  const stateClass = code.slice(0, 2);
  return DATA_STATES.has(code) || DATA_CLASSES.has(stateClass) || !KNOWN_CLASSES.has(stateClass) ? 'data' : 'again';
}

/** Node's EPIPE and EBUSY look like states; only what the server sent has a severity. */
function isOfServer(error: unknown): boolean {
  return typeof (error as { severity?: unknown }).severity === 'string';
}
