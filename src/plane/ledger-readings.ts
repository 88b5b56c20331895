import {
  DEVICE_AT_NUMBER,
  DEVICE_BYTES,
  DEVICES_OFFSET,
  REFUSAL_AT_CODE,
  REFUSAL_AT_COUNT,
  REFUSAL_BYTES,
  REFUSAL_OF_TENANT,
  REFUSAL_SLOTS,
  REFUSALS_OFFSET,
} from '../../assembly/abi/gateway.js';
import { PARTITION_DEVICES_MAX } from '../../assembly/abi/limits.js';
import {
  ACCOUNT_AT_DEAD,
  ACCOUNT_AT_DEAD_PAGE,
  ACCOUNT_AT_DUPLICATE,
  ACCOUNT_AT_EXTRA_SAMPLES,
  ACCOUNT_AT_LEFT_OUT,
  ACCOUNT_AT_REBOOT_US,
  ACCOUNT_AT_REBOOTS,
  ACCOUNT_AT_RUNS_FORGOTTEN,
  ACCOUNT_AT_STORED_WRAPS,
  ACCOUNT_BYTES,
  ACCOUNTS_AT_SINCE_US,
  ACCOUNTS_HEADER_BYTES,
  ACCOUNTS_OFFSET,
  BASES_OFFSET,
  DEAD_COUNT_BITS,
  DEAD_PAGE_AT_COUNTS,
  DEAD_PAGE_AT_NEXT,
  DEAD_PAGE_BYTES,
  DEAD_PAGE_COUNTS,
  DEAD_PAGES_OFFSET,
  STATE_DEVICE_AT_ACCOUNT,
  STATE_DEVICE_AT_NUMBER,
  STATE_DEVICE_AT_STORED,
  STATE_DEVICE_BYTES,
  STATE_DEVICES_OFFSET,
  STATEMENT_AT_ACCOUNT,
  STATEMENT_AT_DEAD,
  STATEMENT_AT_RUN,
  STATEMENT_AT_RUNS,
  STATEMENT_AT_STORED,
  STATEMENT_DEAD_MAX,
} from '../../assembly/abi/state.js';
import { refusalCode } from '../contract/codes.js';
import type { DeviceAccount, DeviceTotals, RefusedMessages } from '../contract/ledger.js';
import type { KernelMemory } from '../host/kernel.js';
import type { AcceptedMessages } from './accepted-messages.js';

// The main thread reads counts where the kernels keep them, and each is one word that one thread writes. Pipelines are read
// before gateways: then what is in flight comes out too large by what arrived meanwhile, never too small.

/** Counts of every device that the pipelines know. */
export function* readDeviceTotals(pipelines: readonly KernelMemory[], accepted: AcceptedMessages): Generator<DeviceTotals> {
  for (const { view } of pipelines) {
    for (let index = 0; index < PARTITION_DEVICES_MAX; index++) {
      const at = STATE_DEVICES_OFFSET + index * STATE_DEVICE_BYTES;
      const device = view.getUint32(at + STATE_DEVICE_AT_NUMBER, true);
      if (device === 0) break;
      const account = view.getUint32(at + STATE_DEVICE_AT_ACCOUNT, true);
      const accountAt = ACCOUNTS_OFFSET + ACCOUNTS_HEADER_BYTES + (account - 1) * ACCOUNT_BYTES;
      const storedLow = view.getUint32(at + STATE_DEVICE_AT_STORED, true);
      const wraps = account === 0 ? 0 : view.getUint32(accountAt + ACCOUNT_AT_STORED_WRAPS, true);
      const duplicate = account === 0 ? 0 : u64(view, accountAt + ACCOUNT_AT_DUPLICATE);
      // Read before its reasons, which the kernel counts first: so they are never fewer than it by a message that came meanwhile.
      const letters = account === 0 ? 0 : u64(view, accountAt + ACCOUNT_AT_DEAD);
      const dead = account === 0 ? {} : deadOf(letters, countsOnPages(view, accountAt));
      const extra = account === 0 ? 0 : u64(view, accountAt + ACCOUNT_AT_EXTRA_SAMPLES);
      const run = storedLow + duplicate + sum(dead) - extra;
      const sinceStart = run - view.getUint32(BASES_OFFSET + index * 4, true);
      const inFlight = (accepted.of(device) - sinceStart) | 0;
      yield { device, stored: wraps * 2 ** 32 + storedLow, duplicate, dead, inFlight };
    }
  }
}

/** An account as a pipeline laid it out (STATEMENT_AT_…); empty: it knows nothing of the device, or there is no pipeline for it here. */
export function readAccount(
  device: number,
  statement: Uint8Array,
  pipeline: KernelMemory | undefined,
  gateways: readonly KernelMemory[],
  accepted: AcceptedMessages,
): DeviceAccount {
  const refused: Record<string, number> = {};
  for (const message of readRefused(gateways)) {
    if (message.device === device) refused[message.code] = (refused[message.code] ?? 0) + message.count;
  }
  const sinceUs = pipeline ? u64(pipeline.view, ACCOUNTS_OFFSET + ACCOUNTS_AT_SINCE_US) : 0;
  const sinceMs = sinceUs === 0 ? undefined : sinceUs / 1000;
  if (statement.byteLength === 0) {
    const none = { stored: 0, duplicate: 0, dead: {}, reboots: 0, rebootMs: undefined, runs: [], runsForgotten: 0, leftOut: 0 };
    return { ...none, refused, sinceMs, inFlight: accepted.of(device) };
  }
  const view = new DataView(statement.buffer, statement.byteOffset, statement.byteLength);
  const account = STATEMENT_AT_ACCOUNT;
  const runs: [number, number][] = [];
  for (let at = STATEMENT_AT_RUNS as number; at < statement.byteLength; at += 16) runs.push([u64(view, at), u64(view, at + 8)]);
  const reboots = view.getUint32(account + ACCOUNT_AT_REBOOTS, true);
  return {
    stored: u64(view, STATEMENT_AT_STORED),
    duplicate: u64(view, account + ACCOUNT_AT_DUPLICATE),
    dead: deadOf(u64(view, account + ACCOUNT_AT_DEAD), countsFrom(view, STATEMENT_AT_DEAD, STATEMENT_DEAD_MAX)),
    leftOut: u64(view, account + ACCOUNT_AT_LEFT_OUT),
    inFlight: (accepted.of(device) - view.getUint32(STATEMENT_AT_RUN, true)) | 0,
    refused,
    reboots,
    rebootMs: reboots === 0 ? undefined : u64(view, account + ACCOUNT_AT_REBOOT_US) / 1000,
    runs,
    runsForgotten: view.getUint32(account + ACCOUNT_AT_RUNS_FORGOTTEN, true),
    sinceMs,
  };
}

/** Messages that gateways refused since the start. */
export function* readRefused(gateways: readonly KernelMemory[]): Generator<RefusedMessages> {
  for (const { view } of gateways) {
    for (let slot = 0; slot < REFUSAL_SLOTS; slot++) {
      const at = REFUSALS_OFFSET + slot * REFUSAL_BYTES;
      const owner = view.getUint32(at, true);
      if (owner === 0) continue;
      const entry = (owner & ~REFUSAL_OF_TENANT) - 1;
      yield {
        device: entry < 0 ? undefined : view.getUint32(DEVICES_OFFSET + entry * DEVICE_BYTES + DEVICE_AT_NUMBER, true),
        code: refusalCode(view.getUint32(at + REFUSAL_AT_CODE, true)).name,
        count: u64(view, at + REFUSAL_AT_COUNT),
      };
    }
  }
}

/** What the account has counted beyond the reasons that memory had room for. */
const REASON_UNKNOWN = 'other';

/** Dead letters by reason, from the account and its counts. Their sum is the account's: messages in flight follow from it. */
function deadOf(total: number, counts: Iterable<bigint>): Record<string, number> {
  const dead: Record<string, number> = {};
  let known = 0;
  for (const count of counts) {
    const letters = Number(BigInt.asUintN(DEAD_COUNT_BITS, count));
    dead[refusalCode(Number(count >> BigInt(DEAD_COUNT_BITS))).name] = letters;
    known += letters;
  }
  if (total > known) dead[REASON_UNKNOWN] = total - known;
  return dead;
}

/** The counts of an account, from its pages. */
function* countsOnPages(view: DataView, account: number): Generator<bigint> {
  let page = view.getUint32(account + ACCOUNT_AT_DEAD_PAGE, true);
  while (page !== 0) {
    const at = DEAD_PAGES_OFFSET + (page - 1) * DEAD_PAGE_BYTES;
    yield* countsFrom(view, at + DEAD_PAGE_AT_COUNTS, DEAD_PAGE_COUNTS);
    page = view.getUint32(at + DEAD_PAGE_AT_NEXT, true);
  }
}

function* countsFrom(view: DataView, at: number, most: number): Generator<bigint> {
  for (let index = 0; index < most; index++) {
    const count = view.getBigUint64(at + index * 8, true);
    if (count === 0n) return;
    yield count;
  }
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function u64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
