import { runCli } from '../../src/cli/program.js';
import { adoptLog, setLogAside } from '../../src/state/log-commands.js';

const missing = { code: 'kafka_addon_missing', wayOut: 'build it' };

/** The command line as the program has it, with a double in the place of the appliance, which only `start` and `demo` load. */
export function runSpillwayDouble(args: readonly string[]): Promise<number> {
  return runCli(args, {
    start: async (config) => (await import('./appliance-double.js')).startApplianceDouble(config),
    loadKafka: () => Promise.reject(Object.assign(new Error('cannot load node-rdkafka: it was not built'), missing)),
    adoptLog,
    setLogAside,
  });
}
