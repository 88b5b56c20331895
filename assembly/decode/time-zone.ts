import { TIME_ZONE_KEY } from '../abi/schemas';
import { SPAN_AT_FROM, SPAN_AT_OFFSET, TIME_ZONE_HEAD_BYTES, TIME_ZONE_SPAN_BYTES } from '../abi/time-zones';
import { found, LAID, search } from './laid';

// The time zone of times of the message at hand that name none.

/** Its image; 0: it has none. */
let zone: usize = 0;

// As with schemas, an image stays where it is until the host begins the region anew.
let lastNumber: u32 = 0;
let lastImage: usize = 0;

@inline
export function closeTimeZone(): void {
  zone = 0;
}

/** Makes the zone `number`, which is not 0, that of the message at hand; answers as search does. */
@inline
export function openTimeZone(number: u32): u32 {
  if (number != lastNumber) {
    const answer = search(number | TIME_ZONE_KEY);
    if (answer != LAID) return answer;
    lastNumber = number;
    lastImage = found;
  }
  zone = lastImage;
  return LAID;
}

/** Forgets the image that was found last. */
export function forgetTimeZone(): void {
  lastNumber = 0;
}

@inline
export function hasTimeZone(): bool {
  return zone != 0;
}

/** Seconds by which clocks of the zone that show `seconds` since 1970 are ahead of UTC. */
export function secondsAhead(seconds: i64): i64 {
  let first: u32 = 0;
  let end = load<u32>(zone);
  assert(end > 0, 'a time zone has no span');
  while (end - first > 1) {
    const middle = (first + end) >> 1;
    if (seconds < load<i64>(spanAt(middle), SPAN_AT_FROM)) end = middle;
    else first = middle;
  }
  return load<i64>(spanAt(first), SPAN_AT_OFFSET);
}

@inline
function spanAt(span: u32): usize {
  return zone + TIME_ZONE_HEAD_BYTES + span * TIME_ZONE_SPAN_BYTES;
}
