import { COMMAND_CODE_FIRST, DECODE_CODE_FIRST } from '../abi/codes';
import { PARTITION_DEVICES_MAX } from '../abi/limits';
import {
  ACCOUNT_AT_DEAD,
  ACCOUNT_AT_DEAD_PAGE,
  ACCOUNT_AT_DUPLICATE,
  ACCOUNT_AT_EXTRA_SAMPLES,
  ACCOUNT_AT_HOST,
  ACCOUNT_AT_LEFT_OUT,
  ACCOUNT_AT_REBOOT_US,
  ACCOUNT_AT_REBOOTS,
  ACCOUNT_AT_RUNS_FORGOTTEN,
  ACCOUNT_AT_STORED_WRAPS,
  ACCOUNT_BYTES,
  ACCOUNTS_AT_SINCE_US,
  ACCOUNTS_AT_UNTRACKED_DEAD,
  ACCOUNTS_AT_USED,
  ACCOUNTS_HEADER_BYTES,
  ACCOUNTS_OFFSET,
  BASES_OFFSET,
  STATE_DEVICE_AT_ACCOUNT,
  STATE_DEVICE_AT_STORED,
} from '../abi/state';
import { countReason } from './dead-pages';
import { deviceAt, deviceCount } from './devices';

// The usual message is stored, and counted in the device's state. Duplicates, dead letters and reboots are counted in an
// account, which a device gets with its first one: there are as many accounts as devices, so every device can have one.
// Counts are state: blocks that are run again into an empty memory lead to the same counts.

@inline
function accountAt(account: u32): usize {
  return <usize>(ACCOUNTS_OFFSET + ACCOUNTS_HEADER_BYTES + account * ACCOUNT_BYTES);
}

function obtainAccount(device: usize): usize {
  let account = load<u32>(device, STATE_DEVICE_AT_ACCOUNT);
  if (account == 0) {
    account = load<u32>(ACCOUNTS_OFFSET, ACCOUNTS_AT_USED) + 1;
    assert(account <= PARTITION_DEVICES_MAX, 'there are more accounts than devices');
    store<u32>(ACCOUNTS_OFFSET, account, ACCOUNTS_AT_USED);
    store<u32>(device, account, STATE_DEVICE_AT_ACCOUNT);
  }
  return accountAt(account - 1);
}

/** Bytes of the accounts in use and of their header. */
export function accountsBytes(): u32 {
  return ACCOUNTS_HEADER_BYTES + load<u32>(ACCOUNTS_OFFSET, ACCOUNTS_AT_USED) * ACCOUNT_BYTES;
}

/** Whether the accounts of a checkpoint fit the room for accounts. */
export function adoptAccounts(): bool {
  return load<u32>(ACCOUNTS_OFFSET, ACCOUNTS_AT_USED) <= PARTITION_DEVICES_MAX;
}

@inline
function add(at: usize): void {
  store<u64>(at, load<u64>(at) + 1);
}

@inline
function addSmall(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

@inline
export function countStored(device: usize): void {
  const stored = load<u32>(device, STATE_DEVICE_AT_STORED) + 1;
  store<u32>(device, stored, STATE_DEVICE_AT_STORED);
  if (stored == 0) addSmall(obtainAccount(device) + ACCOUNT_AT_STORED_WRAPS);
}

export function countDuplicate(device: usize): void {
  add(obtainAccount(device) + ACCOUNT_AT_DUPLICATE);
}

/** A record held so many samples besides its first. */
export function countExtraSamples(device: usize, samples: u32): void {
  const at = obtainAccount(device) + ACCOUNT_AT_EXTRA_SAMPLES;
  store<u64>(at, load<u64>(at) + samples);
}

/** So many values of a stored message were left out, each for a reason of its own. */
export function countLeftOut(device: usize, values: u32): void {
  const at = obtainAccount(device) + ACCOUNT_AT_LEFT_OUT;
  store<u64>(at, load<u64>(at) + values);
}

/** Hash of the host that the device named first, which is its own; 0: it named none. */
export function hostOf(device: usize): u32 {
  const account = load<u32>(device, STATE_DEVICE_AT_ACCOUNT);
  return account == 0 ? 0 : load<u32>(accountAt(account - 1), ACCOUNT_AT_HOST);
}

export function noteHost(device: usize, hash: u32): void {
  store<u32>(obtainAccount(device), hash, ACCOUNT_AT_HOST);
}

/** Counts a dead letter; `device` is 0 when the state has no room for the device. */
export function countDead(device: usize, code: u32): void {
  assert(code >= DECODE_CODE_FIRST && code < COMMAND_CODE_FIRST, 'the code is no reason of a dead letter');
  if (device == 0) return add(<usize>(ACCOUNTS_OFFSET + ACCOUNTS_AT_UNTRACKED_DEAD));
  const account = obtainAccount(device);
  // The reason is counted first, so that a thread that reads the sum before the reasons misses none.
  countReason(account + ACCOUNT_AT_DEAD_PAGE, code);
  add(account + ACCOUNT_AT_DEAD);
}

/** Counts a reboot of the device, whose first message after it has the time `tsUs`. */
export function countReboot(device: usize, tsUs: u64): void {
  const account = obtainAccount(device);
  addSmall(account + ACCOUNT_AT_REBOOTS);
  store<u32>(account, 0, ACCOUNT_AT_RUNS_FORGOTTEN);
  store<u64>(account, tsUs, ACCOUNT_AT_REBOOT_US);
}

export function countForgotten(device: usize): void {
  addSmall(obtainAccount(device) + ACCOUNT_AT_RUNS_FORGOTTEN);
}

/** Notes the receive time of the first block that the state counts. */
@inline
export function noteSince(receiveUs: u64): void {
  if (load<u64>(ACCOUNTS_OFFSET, ACCOUNTS_AT_SINCE_US) == 0) store<u64>(ACCOUNTS_OFFSET, receiveUs, ACCOUNTS_AT_SINCE_US);
}

/** How many records of the device were run, modulo 2^32. */
function runOf(device: usize): u32 {
  const sum = load<u32>(device, STATE_DEVICE_AT_STORED);
  const account = load<u32>(device, STATE_DEVICE_AT_ACCOUNT);
  if (account == 0) return sum;
  const at = accountAt(account - 1);
  return sum + load<u32>(at, ACCOUNT_AT_DUPLICATE) + load<u32>(at, ACCOUNT_AT_DEAD) - load<u32>(at, ACCOUNT_AT_EXTRA_SAMPLES);
}

/** Sets the bases: messages that are run from now on are those that this process takes in; those before are an earlier process's. */
export function openBooks(): void {
  const devices = deviceCount();
  for (let i: u32 = 0; i < devices; i++) store<u32>(<usize>(BASES_OFFSET + (i << 2)), runOf(deviceAt(i)));
}

/** How many messages of the device were run since openBooks, modulo 2^32. */
export function runSince(device: usize): u32 {
  const index = (<u32>device - <u32>deviceAt(0)) / (<u32>deviceAt(1) - <u32>deviceAt(0));
  return runOf(device) - load<u32>(<usize>(BASES_OFFSET + (index << 2)));
}

/** Copies the device's account to `to`, or zeros if it has none. */
export function copyAccount(device: usize, to: usize): void {
  const account = load<u32>(device, STATE_DEVICE_AT_ACCOUNT);
  if (account == 0) memory.fill(to, 0, ACCOUNT_BYTES);
  else memory.copy(to, accountAt(account - 1), ACCOUNT_BYTES);
}

/** Messages of the device that were stored, with the wraps of their 32-bit count. */
export function storedOf(device: usize): u64 {
  const account = load<u32>(device, STATE_DEVICE_AT_ACCOUNT);
  const wraps = account == 0 ? 0 : load<u32>(accountAt(account - 1), ACCOUNT_AT_STORED_WRAPS);
  return (<u64>wraps << 32) + <u64>load<u32>(device, STATE_DEVICE_AT_STORED);
}
