#!/usr/bin/env node
import { runCli } from './cli/program.js';
import { HeldLines } from './telemetry/held-lines.js';

/** In a terminal the first lines say where to go, and the log follows them. */
const heldLog = process.stdout.isTTY ? new HeldLines(process.stdout) : undefined;
process.once('exit', () => heldLog?.release());

// Each is loaded by the command that needs it: most commands only ask a running appliance, and must not take as long as its start.
process.exitCode = await runCli(process.argv.slice(2), {
  start: async (config, stopping) => (await import('./app/appliance.js')).startAppliance({ config, stopping, heldLog }),
  loadKafka: async () => (await import('./kafka/client.js')).loadAddon(),
  adoptLog: async (stateFolder) => (await import('./state/log-commands.js')).adoptLog(stateFolder),
  setLogAside: async (stateFolder) => (await import('./state/log-commands.js')).setLogAside(stateFolder),
});
