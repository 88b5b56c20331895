import { runCli } from '../../src/cli/program.js';
import { adoptLog, setLogAside } from '../../src/state/log-commands.js';

// The command line as the program has it, with a double in the place of the appliance, which only `start` and `demo` load.
const missing = { code: 'kafka_addon_missing', wayOut: 'build it' };
process.exitCode = await runCli(process.argv.slice(2), {
  start: async (config) => (await import('./appliance-double.js')).startApplianceDouble(config),
  loadKafka: () => Promise.reject(Object.assign(new Error('cannot load node-rdkafka: it was not built'), missing)),
  adoptLog,
  setLogAside,
});
