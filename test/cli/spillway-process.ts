import { runSpillwayDouble } from './spillway-double.js';

process.exitCode = await runSpillwayDouble(process.argv.slice(2));
