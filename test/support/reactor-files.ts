import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whether a compiled test file starts gateway threads, by itself or by files of the tests that it imports: its result may depend on the reactor. */
export function startsGateways(file: string, seen = new Set<string>()): boolean {
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  if (/\bGatewayThread\b/.test(text)) return true;
  const imported = [...text.matchAll(/ from '(\.{1,2}\/[^']+)'/g)].map(([, path]) => join(dirname(file), path as string));
  // The file of the class has other things, too, which are no threads.
  const others = imported.filter((path) => path.includes('/test/') && !path.endsWith('/gateway-thread.js') && !seen.has(path));
  return others.some((path) => startsGateways(path, seen));
}
