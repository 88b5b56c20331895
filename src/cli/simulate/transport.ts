/** How simulated devices reach the appliance. Device numbers are places in the list the transport was opened with. */
export interface Transport {
  /** Resolves once every device has connected or failed to for the first time. */
  open(): Promise<void>;
  /** Sends, now or once the device is connected again; `done` is called once, with the refusal if there was one. */
  publish(device: number, payload: string, done: (refusal?: string) => void): void;
  /** Devices that can send at this moment. */
  readonly connected: number;
  /** The last reason for which a connection failed or was refused. */
  readonly lastTrouble: string | undefined;
  close(): Promise<void>;
}

export interface TransportPlan {
  readonly devices: readonly string[];
  readonly tenant: string;
  readonly token: string;
  readonly host: string;
  readonly port: number;
  readonly qos: 0 | 1;
}

/** Doubling from half a second to half a minute, less a random part so that a fleet does not come back at once. */
export function backoffMs(failures: number): number {
  const longest = Math.min(30_000, 500 * 2 ** Math.min(failures, 6));
  return longest * (0.5 + Math.random() / 2);
}
