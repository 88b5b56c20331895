import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { CommandFailure } from './command-failure.js';
import { type ApplianceOptions, positiveNumber, withApplianceOptions } from './options.js';
import { Output } from './output.js';
import { stopSignals } from './stop-signals.js';

export interface WatchOptions extends ApplianceOptions {
  readonly watch?: number;
}

/** Failures that an appliance comes back from; any other ends the watch. */
const PASSING = new Set(['appliance_not_ready', 'appliance_unreachable', 'database_unavailable', 'unavailable']);

export function withWatch(command: Command): Command {
  return withApplianceOptions(command).option('--watch <seconds>', 'look again and again until Ctrl-C', positiveNumber);
}

/** Looks once, or with --watch until a signal: then what may pass is reported, and the next look may find the appliance again. */
export async function watched(options: WatchOptions, look: (output: Output) => Promise<void>): Promise<void> {
  const output = new Output(options.json === true);
  if (options.watch === undefined) return look(output);
  const stopping = stopSignals();
  while (!stopping.aborted) {
    output.text(`--- ${new Date().toISOString()}`);
    await look(output).catch((error: unknown) => {
      if (!(error instanceof CommandFailure && PASSING.has(error.code))) throw error;
      output.failure(error);
    });
    await delay(options.watch * 1000, undefined, { signal: stopping }).catch(() => undefined);
  }
}
