import {
  POINT_AT_DEVICE,
  POINT_AT_KIND,
  POINT_AT_METRIC,
  POINT_AT_RECEIVE_US,
  POINT_AT_TEXT_BYTES,
  POINT_AT_TS_US,
  POINT_AT_VALUE,
  POINT_NUMBER,
  POINT_TEXT,
} from '../abi/pipeline';

// A point (POINT_AT_…) of a latest value or of the live view.

@inline
export function storeNumber(at: usize, number: u32, metric: u32, tsUs: u64, receiveUs: u64, value: f64): void {
  storeTimes(at, number, metric, tsUs, receiveUs);
  store<f64>(at, value, POINT_AT_VALUE);
  store<u32>(at, POINT_NUMBER, POINT_AT_KIND);
}

/** The text itself is laid by whoever knows where it belongs. */
@inline
export function storeText(at: usize, number: u32, metric: u32, tsUs: u64, receiveUs: u64, bytes: u32): void {
  storeTimes(at, number, metric, tsUs, receiveUs);
  store<u32>(at, bytes, POINT_AT_TEXT_BYTES);
  store<u32>(at, POINT_TEXT, POINT_AT_KIND);
}

@inline
function storeTimes(at: usize, number: u32, metric: u32, tsUs: u64, receiveUs: u64): void {
  store<u32>(at, number, POINT_AT_DEVICE);
  store<u32>(at, metric, POINT_AT_METRIC);
  store<u64>(at, tsUs, POINT_AT_TS_US);
  store<u64>(at, receiveUs, POINT_AT_RECEIVE_US);
}
