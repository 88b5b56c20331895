// Layouts of what the kernels count of each device's messages. As abi.ts: both compilers read it, and it holds integers alone;
// they resolve imports differently, so what follows from abi.ts is written down again, and a test compares.

// Refusal in the gateway's table, open-addressed: u32 of whom, u32 code, u64 count. Of whom: 0 in a free slot; a device's
// entry + 1; with REFUSAL_OF_TENANT only its tenant is known; REFUSAL_OF_TENANT alone: not even that.
export const REFUSAL_BYTES: u32 = 16;
/** REFUSALS_BYTES / REFUSAL_BYTES */
export const REFUSAL_SLOTS: u32 = 65536;
export const REFUSAL_AT_CODE: u32 = 4;
export const REFUSAL_AT_COUNT: u32 = 8;
export const REFUSAL_OF_TENANT: u32 = 0x80000000;

// Device in the pipeline's state
export const STATE_DEVICE_AT_NUMBER: u32 = 0; // u32
export const STATE_DEVICE_AT_STORED: u32 = 16; // u32, messages stored, modulo 2^32
export const STATE_DEVICE_AT_ACCOUNT: u32 = 20; // u32, its account + 1, or 0

// Accounts: a header, then one account after the other. Header: u32 accounts used, then these, u64 each.
/** When the first message came that the state knows of, µs. */
export const ACCOUNTS_AT_SINCE_US: u32 = 8;
/** Dead letters of devices for which the state had no room. */
export const ACCOUNTS_AT_HOMELESS: u32 = 16;

export const ACCOUNT_AT_DUPLICATE: u32 = 0; // u64
export const ACCOUNT_AT_STORED_WRAPS: u32 = 8; // u32: how often the device's count of stored messages passed 2^32
export const ACCOUNT_AT_REBOOTS: u32 = 12; // u32
export const ACCOUNT_AT_RUNS_FORGOTTEN: u32 = 16; // u32, since the last reboot
export const ACCOUNT_AT_REBOOT_US: u32 = 24; // u64, time of the first message after the last reboot
export const ACCOUNT_AT_DEAD: u32 = 32; // u64 each, by code from DEAD_CODE_FIRST on
/** CODE_JSON_MALFORMED */
export const DEAD_CODE_FIRST: u32 = 32;
export const DEAD_CODES: u32 = 16;

// Statement: the answer to account().
export const STATEMENT_AT_STORED: u32 = 0; // u64
export const STATEMENT_AT_RUN: u32 = 8; // u32, run since this process took messages in, modulo 2^32
export const STATEMENT_AT_NEWEST_US: u32 = 16; // u64, newest event time
export const STATEMENT_AT_ACCOUNT: u32 = 32; // ACCOUNT_BYTES
export const STATEMENT_AT_RUNS: u32 = 192; // behind the account: first and last number of each run, u64 each
