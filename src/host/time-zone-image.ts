import { SPAN_AT_FROM, SPAN_AT_OFFSET, TIME_ZONE_HEAD_BYTES, TIME_ZONE_SPAN_BYTES } from '../../assembly/abi/time-zones.js';
import { offsetReader } from '../contract/time-zone.js';

/** No device sends times of before; rules of later years are those of the last one. */
const FIRST_SECOND = Date.UTC(2000, 0) / 1000;
const LAST_SECOND = Date.UTC(2100, 0) / 1000;
/** Between two changes of a zone there is more than a week: Morocco sets its clocks back for a month. */
const STEP_SECONDS = 7 * 86_400;
/** The images that were made last: each asks the system's zones some five thousand times. */
const images = new Map<string, Uint8Array>();

/** A time zone as kernels read it; see abi/time-zones.ts. `name`: of the IANA database, one that isTimeZone knows. */
export function timeZoneImage(name: string): Uint8Array {
  const known = images.get(name);
  if (known) return known;
  const spans = spansOf(offsetReader(name));
  const image = new Uint8Array(TIME_ZONE_HEAD_BYTES + spans.length * TIME_ZONE_SPAN_BYTES);
  const view = new DataView(image.buffer);
  view.setUint32(0, spans.length, true);
  for (const [index, { from, offset }] of spans.entries()) {
    const at = TIME_ZONE_HEAD_BYTES + index * TIME_ZONE_SPAN_BYTES;
    view.setBigInt64(at + SPAN_AT_FROM, BigInt(from), true);
    view.setBigInt64(at + SPAN_AT_OFFSET, BigInt(offset), true);
  }
  images.set(name, image);
  return image;
}

interface Span {
  /** Seconds of the zone's own clocks. */
  readonly from: number;
  readonly offset: number;
}

function spansOf(offsetAt: (second: number) => number): Span[] {
  let offset = offsetAt(FIRST_SECOND);
  const spans: Span[] = [{ from: FIRST_SECOND, offset }];
  for (let second = FIRST_SECOND; second < LAST_SECOND; second += STEP_SECONDS) {
    const next = offsetAt(second + STEP_SECONDS);
    if (next === offset) continue;
    const changed = changeBetween(offsetAt, second, second + STEP_SECONDS);
    // The larger of the two: a skipped hour counts as of before, a repeated one as its first.
    spans.push({ from: changed + Math.max(offset, next), offset: next });
    offset = next;
  }
  return spans;
}

/** The first second at which the offset is that of `to`. */
function changeBetween(offsetAt: (second: number) => number, from: number, to: number): number {
  const after = offsetAt(to);
  let [before, changed] = [from, to];
  while (changed - before > 1) {
    const middle = Math.floor((before + changed) / 2);
    if (offsetAt(middle) === after) changed = middle;
    else before = middle;
  }
  return changed;
}
