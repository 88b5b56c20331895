import { CODE_DEVICE_OVER_RATE, CODE_NONE, CODE_TENANT_OVER_RATE } from '../abi/codes';
import {
  DEVICE_AT_ARRIVAL,
  DEVICE_AT_INTERVAL,
  DEVICE_AT_SLACK,
  DEVICE_AT_TENANT,
  TENANT_AT_ARRIVAL,
  TENANT_AT_BYTES_ARRIVAL,
  TENANT_AT_BYTES_INTERVAL,
  TENANT_AT_BYTES_SLACK,
  TENANT_AT_INTERVAL,
  TENANT_AT_SLACK,
} from '../abi/gateway';
import { monotonicMs } from '../clock';
import { deviceOf } from './devices';
import { ofDevice, refuseMessage } from './refusals';

// The generic cell rate algorithm (ITU-T I.371 Annex A): of each rate only the time is kept at which the next message would come if all
// came evenly. Every message moves it on by an interval; one that comes earlier than the slack allows is over the rate. A bucket of
// tokens allows the same, and would have to be filled.

/** How long the message is too early for the rate that overRate has named, ms. */
export let paceMs: f64 = 0;

/** Whether a message that the device sends now is over a rate: the code that says which, or CODE_NONE. */
@inline
export function overRate(device: usize): u32 {
  const early = load<f64>(device, DEVICE_AT_ARRIVAL) - monotonicMs - <f64>load<f32>(device, DEVICE_AT_SLACK);
  if (early > 0) {
    paceMs = early;
    return CODE_DEVICE_OVER_RATE;
  }
  const tenant = <usize>load<u32>(device, DEVICE_AT_TENANT);
  return tenant == 0 ? CODE_NONE : overRateOfTenant(tenant);
}

@inline
function overRateOfTenant(tenant: usize): u32 {
  const early = max(
    load<f64>(tenant, TENANT_AT_ARRIVAL) - <f64>load<f32>(tenant, TENANT_AT_SLACK),
    load<f64>(tenant, TENANT_AT_BYTES_ARRIVAL) - <f64>load<f32>(tenant, TENANT_AT_BYTES_SLACK),
  ) - monotonicMs;
  if (early <= 0) return CODE_NONE;
  paceMs = early;
  return CODE_TENANT_OVER_RATE;
}

/** Counts a message of `bytes`, which was not over a rate, against the rates of the device that sent it and of its tenant. */
@inline
export function pace(device: usize, bytes: u32): void {
  const arrival = max(load<f64>(device, DEVICE_AT_ARRIVAL), monotonicMs);
  store<f64>(device, arrival + <f64>load<f32>(device, DEVICE_AT_INTERVAL), DEVICE_AT_ARRIVAL);
  const tenant = <usize>load<u32>(device, DEVICE_AT_TENANT);
  if (tenant == 0) return;
  store<f64>(tenant, max(load<f64>(tenant, TENANT_AT_ARRIVAL), monotonicMs) + <f64>load<f32>(tenant, TENANT_AT_INTERVAL), TENANT_AT_ARRIVAL);
  const bytesArrival = max(load<f64>(tenant, TENANT_AT_BYTES_ARRIVAL), monotonicMs);
  store<f64>(tenant, bytesArrival + <f64>bytes * <f64>load<f32>(tenant, TENANT_AT_BYTES_INTERVAL), TENANT_AT_BYTES_ARRIVAL);
}

/** As overRate, of the device `entry`. */
export function overRateOf(entry: u32): u32 {
  return overRate(deviceOf(entry));
}

/** How long the message is too early that overRateOf has answered a code for, ms. */
export function earlyMs(): f64 {
  return paceMs;
}

/** Counts a message of the device `entry` that the host refuses with `code`. */
export function refuseOfDevice(entry: u32, code: u32): void {
  refuseMessage(ofDevice(deviceOf(entry)), code);
}
