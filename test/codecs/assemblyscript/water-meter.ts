import { alloc, emitNumber, emitSequence, emitText, emitTime, nextSample, receivedAt } from './spillway';

export { alloc };

// A water meter's frame, as no plan describes it: numbers packed into bits, high byte first, and a history of hourly steps.
//
//   0  u8 0x57    1  u8 flags: 1 leak, 2 frozen    2  u16 frame counter    4  u32 litres    8  i16 water temperature, 0.01 degrees
//  10  u16 age of the frame, s    12  u8 steps, then each: u8 litres less than an hour later

const FRAME: u8 = 0x57;
const HEAD_BYTES: i32 = 13;
const HOUR_US: f64 = 3_600_000_000;

const NOT_A_FRAME: i32 = 1;
const CUT_OFF: i32 = 2;

/** 0, or why the frame cannot be read. */
export function decode(at: usize, bytes: i32): i32 {
  if (bytes < HEAD_BYTES) return CUT_OFF;
  if (load<u8>(at) != FRAME) return NOT_A_FRAME;
  const steps = <i32>load<u8>(at, 12);
  if (bytes != HEAD_BYTES + steps) return CUT_OFF;
  const flags = load<u8>(at, 1);
  let us = receivedAt() - <f64>bswap<u16>(load<u16>(at, 10)) * 1_000_000;
  let litres = <i64>bswap<u32>(load<u32>(at, 4));
  emitTime(us);
  emitSequence(<f64>bswap<u16>(load<u16>(at, 2)));
  emitNumber('litres', <f64>litres);
  emitNumber('temperature', <f64>(<i16>bswap<u16>(load<u16>(at, 8))) / 100);
  emitText('state', (flags & 1) != 0 ? 'leak' : (flags & 2) != 0 ? 'frozen' : 'ok');
  for (let step = 0; step < steps; step++) {
    litres -= <i64>load<u8>(at + HEAD_BYTES + step);
    us -= HOUR_US;
    nextSample();
    emitTime(us);
    emitNumber('litres', <f64>litres);
  }
  return 0;
}
