import type { Config } from '../config/table.js';
import type { LagAnswer } from '../contract/answers/operation.js';
import type { StartFailure } from '../contract/start-failure.js';
import type { GatewayPorts } from '../contract/threads/gateway.js';
import { removeAddress, writeAddress } from './address-file.js';
import { AdminApi } from './admin-api.js';
import { CommandFailure } from './command-failure.js';
import { grouped, type Output } from './output.js';

/** A running appliance, as the composition root hands it to the commands. */
export interface Appliance {
  /** `http://host:port`, no slash at the end. */
  readonly httpUrl: string;
  readonly httpPort: number;
  /** HTTP over TLS; absent: there is none. */
  readonly httpsPort?: number | undefined;
  /** Where devices connect. */
  readonly ports: GatewayPorts;
  readonly adminKey: string;
  /** The admin key was made by this start: nobody has seen it yet. */
  readonly adminKeyIsNew: boolean;
  /** Where the rows go, so that tools can look at them. */
  readonly databaseUrl?: string | undefined;
  /** The first lines for people are out: what the log held back may follow. */
  showLog?(): void;
  /** Stops taking in, drains to the database, closes. */
  stop(): Promise<void>;
  /** Settles when the appliance has ended, whoever ended it; rejects when it broke. */
  readonly stopped: Promise<void>;
}

/** What commands need of the rest of the program. */
export interface CliPorts {
  /** Rejects with "cannot <verb> <object>: <cause>" when the appliance does not come up, and when it still waits as `stopping` aborts. */
  start(config: Config, stopping: AbortSignal): Promise<Appliance>;
  /** Rejects with "cannot <verb> <object>: <cause>" where the client of Kafka was not built. */
  loadKafka(): Promise<unknown>;
  /** Lets the database of the next start take over the log of this state folder; answers the database that it was of. Rejects with StartFailure. */
  adoptLog(stateFolder: string): Promise<string>;
  /** Moves log, checkpoints and MQTT sessions of this state folder into a folder of their own, which it answers. Rejects with StartFailure. */
  setLogAside(stateFolder: string): Promise<string>;
}

// npm passes a terminal's Ctrl-C on to a child that has already got it, so two in one moment are one.
const sameSignalMs = 500;
const forcedExitCode = 130;
/** The stop waits this long to say how far the database is. */
const situationMsMax = 2000;

/** Runs an appliance from its start until a signal stops it, and `whileUp` meanwhile. */
export async function runAppliance(
  ports: CliPorts,
  config: Config,
  output: Output,
  whileUp: (appliance: Appliance, stopping: AbortSignal) => Promise<void>,
): Promise<void> {
  const stopping = new AbortController();
  // Without a terminal, SIGHUP means that files of TLS have changed: the appliance takes it itself.
  const keepsHangup = config.listen.tlsCert !== undefined && process.stdin.isTTY !== true;
  const release = onSignals(output, stopping, keepsHangup);
  try {
    const appliance = await ports.start(config, stopping.signal).catch((error: Error) => {
      // There was nothing to drain yet.
      if (stopping.signal.aborted) return undefined;
      throw new CommandFailure(codeOf(error), messageOf(error), { wayOut: wayOutOf(error) });
    });
    if (!appliance) {
      output.document({ event: 'stopped', seconds: 0 });
      return;
    }
    // What fails before its first await is work that fails, too: the appliance has to end with it.
    const work = Promise.resolve().then(() => {
      writeAddress(config.process.stateFolder, appliance.httpUrl, appliance.ports.mqtt);
      return whileUp(appliance, stopping.signal);
    });
    const asked = new Promise<void>((resolve) => {
      if (stopping.signal.aborted) resolve();
      stopping.signal.addEventListener('abort', () => resolve());
    });
    // Work that fails ends the appliance; work that is done does not.
    const failure = await Promise.race([asked, work.then(() => asked), ended(appliance)]).then(noFailure, (error: Error) => error);
    stopping.abort();
    removeAddress(config.process.stateFolder);
    const beganMs = performance.now();
    await saySituation(appliance, output);
    await work.catch(noFailure);
    await stop(appliance, output, beganMs);
    if (failure) throw failure;
  } finally {
    release();
  }
}

function noFailure(): undefined {
  return undefined;
}

/** Rejects when the appliance ends though nobody asked it to. */
async function ended(appliance: Appliance): Promise<never> {
  const error = await appliance.stopped.then(
    () => new Error('it stopped by itself'),
    (cause: Error) => cause,
  );
  // What a start is refused for may be found after it.
  if (error.name === 'StartFailure') throw new CommandFailure(codeOf(error), messageOf(error), { wayOut: wayOutOf(error) });
  throw new CommandFailure('appliance_broken', `cannot continue: ${messageOf(error)}`, {
    wayOut: 'read the log above, then start it again: what was acknowledged is kept',
  });
}

async function saySituation(appliance: Appliance, output: Output): Promise<void> {
  output.document({ event: 'stopping' });
  const { received, behind } = await progressOf(appliance);
  output.text('', `stopping: ${received} messages taken in, ${behind} bytes of the log not yet in the database`);
}

async function stop(appliance: Appliance, output: Output, beganMs: number): Promise<void> {
  await appliance.stop().catch((error: Error) => {
    throw new CommandFailure('stop_failed', `cannot stop cleanly: ${messageOf(error)}`, {
      wayOut: 'start again: what was acknowledged is in the log',
    });
  });
  const seconds = Math.round(performance.now() - beganMs) / 1000;
  output.text(`stopped after ${seconds.toFixed(1)} s; what was acknowledged is in the database or in the log`);
  output.document({ event: 'stopped', seconds });
}

async function progressOf({ httpUrl, adminKey }: Appliance): Promise<{ received: string; behind: string }> {
  const api = new AdminApi(httpUrl, adminKey);
  try {
    const [stats, lag] = await Promise.all([
      api.get<{ counters: { received: number } }>('/v1/stats', situationMsMax),
      api.get<LagAnswer>('/v1/pipeline/lag', situationMsMax),
    ]);
    return { received: grouped(stats.counters.received), behind: grouped(lag.lag_bytes) };
  } catch {
    return { received: 'unknown', behind: 'unknown' };
  }
}

/** The first signal aborts `stopping`, the second says what is going on, the third ends the process. */
function onSignals(output: Output, stopping: AbortController, keepsHangup: boolean): () => void {
  let interrupts = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  const onSignal = () => {
    if (performance.now() - lastMs < sameSignalMs) return;
    lastMs = performance.now();
    interrupts++;
    if (interrupts === 1) stopping.abort();
    if (interrupts === 2)
      output.remark('still draining to the database. Press Ctrl-C again to exit now; the next start resumes from the log');
    if (interrupts === 3) process.exit(forcedExitCode);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const handler = (signal: NodeJS.Signals) => {
    if (signal !== 'SIGHUP' || !keepsHangup) onSignal();
  };
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}

function messageOf(error: Error): string {
  return error.message || String(error);
}

/** By name: a failure of another thread is a copy that has lost its class. */
function codeOf(error: Error): string {
  return error.name === 'StartFailure' ? (error as StartFailure).code : 'start_failed';
}

function wayOutOf(error: Error): string | undefined {
  const wayOut = (error as { wayOut?: unknown }).wayOut;
  return typeof wayOut === 'string' ? wayOut : undefined;
}
