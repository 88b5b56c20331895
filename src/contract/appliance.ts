/** A running Spillway, as the command line sees it. */
export interface RunningAppliance {
  readonly httpUrl: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly adminKey: string;
  readonly databaseUrl: string;
  /** Resolves after `stop`; rejects when a part died and the process must end. */
  readonly stopped: Promise<void>;
  /** Takes nothing in any more, commits what is in hand, and ends every part. */
  stop(): Promise<void>;
}
