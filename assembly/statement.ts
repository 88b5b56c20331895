import { LATEST_OFFSET } from './abi/pipeline';
import {
  ACCOUNT_AT_DEAD_PAGE,
  STATEMENT_AT_ACCOUNT,
  STATEMENT_AT_DEAD,
  STATEMENT_AT_NEWEST_US,
  STATEMENT_AT_RUN,
  STATEMENT_AT_RUNS,
  STATEMENT_AT_STORED,
  STATEMENT_DEAD_MAX,
} from './abi/state';
import { listRuns } from './dedup/sequence-runs';
import { copyAccount, runSince, storedOf } from './series/accounts';
import { copyReasons } from './series/dead-pages';
import { DEVICE_AT_NEWEST_US, findDevice } from './series/devices';

/** Writes the device's statement at LATEST_OFFSET (STATEMENT_AT_…); returns the number of its sequence runs, or -1 if the device is unknown. */
export function account(number: u32): i32 {
  const device = findDevice(number);
  if (device == 0) return -1;
  const at = <usize>LATEST_OFFSET;
  store<u64>(at, storedOf(device), STATEMENT_AT_STORED);
  store<u32>(at, runSince(device), STATEMENT_AT_RUN);
  store<u64>(at, load<u64>(device, DEVICE_AT_NEWEST_US), STATEMENT_AT_NEWEST_US);
  copyAccount(device, at + STATEMENT_AT_ACCOUNT);
  memory.fill(at + STATEMENT_AT_DEAD, 0, STATEMENT_DEAD_MAX * 8);
  copyReasons(at + STATEMENT_AT_ACCOUNT + ACCOUNT_AT_DEAD_PAGE, at + STATEMENT_AT_DEAD, STATEMENT_DEAD_MAX * 8);
  return <i32>listRuns(device, at + STATEMENT_AT_RUNS);
}
