import { CommandFailure } from '../command-failure.js';
import { runSimulation, type SimulationPlan, type SimulationReport } from './simulation.js';

/** What a simulation process tells the process that forked it. */
export type FromSimulation =
  | { readonly kind: 'report' | 'finished'; readonly report: SimulationReport }
  | { readonly kind: 'failed'; readonly message: string };

// A process of its own for a simulation, so that the fleet's work does not weigh on the appliance's event
// loop. The plan comes over the channel, as it holds a token; the end of the channel is the end of the
// fleet, however the parent ended. A terminal's Ctrl-C reaches this process too: the parent decides.
const stop = new AbortController();
process.on('SIGINT', () => undefined);
process.on('disconnect', () => stop.abort());
process.once('message', async (plan: SimulationPlan) => {
  try {
    const report = await runSimulation(plan, (latest) => tell({ kind: 'report', report: latest }), stop.signal);
    tell({ kind: 'finished', report });
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof CommandFailure ? error.message : String((error as Error).stack) });
  }
  process.exit();
});

function tell(message: FromSimulation): void {
  if (process.connected) process.send?.(message);
}
