export type Value = number | string | boolean | null;

export interface Reading {
  readonly value: Value;
  readonly ts: string;
}

export interface Device {
  readonly device_id: string;
  readonly tenant: string;
  readonly status: 'active' | 'inactive' | 'quarantined' | 'decommissioned';
  readonly via: string | null;
  readonly device_class: string | null;
  readonly metadata: unknown;
  readonly registered_at: string;
  readonly last_seen_at: string | null;
  readonly connected: boolean;
  readonly latest: Readonly<Record<string, Reading>>;
}

export interface DevicePage {
  readonly devices: readonly Device[];
  readonly total: number;
  readonly next: string | null;
}

export interface Tenant {
  readonly tenant: string;
  readonly devices: number;
}

export interface RotatedToken {
  readonly auth_token: string;
  readonly previous_valid_until: string | null;
}

/** A problem of the appliance itself that holds. */
export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly severity: 'warning' | 'critical';
  readonly node: string;
  readonly message: string;
  readonly raised_at: string;
}

export interface Registered {
  readonly device_id: string;
  readonly tenant: string;
  readonly auth_token: string;
}

export interface MetricPoints {
  readonly points: readonly Reading[];
  readonly truncated: boolean;
}

export interface DeadLetter {
  readonly id: string | number;
  readonly device_id: string;
  readonly tenant: string;
  readonly received_at: string;
  readonly reason: string;
  readonly payload_base64: string;
  readonly partition: number;
  readonly log_offset: string | number;
  /** Of a row that the database refused. */
  readonly metric: string | null;
  readonly sqlstate: string | null;
  readonly message: string | null;
}

export interface Ledger {
  readonly since: string | null;
  /** null: several processes share the work, and none can tell. */
  readonly balanced: boolean | null;
  readonly received: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly dead: number;
  readonly dead_by_reason: Readonly<Record<string, number>>;
  readonly rejected: number;
  readonly rejected_by_reason: Readonly<Record<string, number>>;
  /** null: the same. */
  readonly in_flight: number | null;
  readonly sequence: {
    readonly first: number | null;
    readonly last: number | null;
    readonly missing: number;
    readonly missing_ranges: readonly { readonly from: number; readonly to: number }[];
    readonly truncated: boolean;
    readonly reboots: number;
    readonly rebooted_at: string | null;
  };
}

export interface Lag {
  readonly lag_bytes: number;
  readonly lag_ms: number;
  /** Until the lag is gone at the rates of the last seconds; null: it does not shrink. */
  readonly catch_up_seconds: number | null;
  readonly committed_messages_per_second: number;
}

export interface Stats {
  readonly messages_per_second: number;
  readonly readings_per_second: number;
  readonly connections: number;
  readonly devices: number;
  readonly mqtt_port: number;
  readonly counters: { readonly dead: number; readonly rowsRefused: number };
}

/** An answer that is not the one asked for. `unreachable` and `no_answer` are the page's own codes. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly wayOut: string;
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };
