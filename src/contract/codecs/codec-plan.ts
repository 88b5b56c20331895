/** A codec of a tenant as pipelines run it. A version of a codec never changes, so a message of the log is always read by the same code. */
export interface CodecPlan {
  /** Over all codecs of the deployment. */
  readonly number: number;
  /** `name@version`, for those who read figures and events. */
  readonly name: string;
  /** Checked and metered: it exports what codec-abi.ts names. */
  readonly module: WebAssembly.Module;
  /** Instructions of one message. */
  readonly fuelMax: number;
}

/** What became of the messages that one thread gave a codec since the last report. */
export interface CodecRuns {
  readonly number: number;
  readonly name: string;
  readonly runs: number;
  readonly fuel: number;
  /** Runs that made no readings, by the name of the code. */
  readonly failures: Readonly<Record<string, number>>;
}

/** What the subject codecs asks of the data plane. */
export interface CodecPort {
  /** The listener is called with what codecs did since the last call. */
  onCodecRuns(listener: (runs: readonly CodecRuns[]) => void): void;
}
