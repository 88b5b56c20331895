// Takes the lock of the state folder that it is given, says whether it got it, and holds it until its stdin ends.
import { lockStateFolder } from '../../src/state/state-lock.js';

try {
  await lockStateFolder(process.argv[2] ?? '');
  console.log('held');
  process.stdin.on('end', () => process.exit(0)).resume();
} catch (error) {
  console.log((error as Error).message);
  process.exitCode = 1;
}
