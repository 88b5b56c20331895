/** Wall clock, µs of the Unix epoch: the receive time of all messages of this turn. */
export let receiveUs: u64 = 0;
/** For ages and deadlines; it never goes back. */
export let monotonicMs: f64 = 0;

/** The host sets both clocks once a turn. */
export function setClock(wallUs: f64, monotonic: f64): void {
  assert(monotonic >= monotonicMs, 'the monotonic clock has gone back');
  receiveUs = <u64>wallUs;
  monotonicMs = monotonic;
}
