#!/usr/bin/env node
import { startAppliance } from './app/appliance.js';
import { runCli } from './cli/program.js';
import { loadAddon } from './kafka/client.js';
import { adoptLog, setLogAside } from './state/log-commands.js';
import { HeldLines } from './telemetry/held-lines.js';

/** In a terminal the first lines say where to go, and the log follows them. */
const heldLog = process.stdout.isTTY ? new HeldLines(process.stdout) : undefined;
process.once('exit', () => heldLog?.release());

process.exitCode = await runCli(process.argv.slice(2), {
  start: (config, stopping) => startAppliance({ config, stopping, heldLog }),
  loadKafka: loadAddon,
  adoptLog,
  setLogAside,
});
