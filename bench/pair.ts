import { figuresOf, mismatch } from './ingest.js';
import { type IngestSettings, runIngest } from './ingest-run.js';

/** One of two appliances under the same load. */
export interface Side {
  readonly messages: number;
  readonly messagesPerSecond: number;
  /** Of the whole process. */
  readonly cpuUsPerMessage: number | null;
  /** By thread, and what it leaned on. */
  readonly threads: Readonly<Record<string, number | null>>;
}

let pairs = 0;

/**
 * Loads two appliances one right after the other, the other way round in every second run: a machine whose speed
 * changes by the minute changes it for both. `wrong`: why the run proves nothing.
 */
export async function measurePair(
  settings: readonly [IngestSettings, IngestSettings],
  name: (settings: IngestSettings) => string,
  say: (text: string) => void,
): Promise<{ readonly sides: readonly [Side, Side]; readonly wrong: string | undefined }> {
  let wrong: string | undefined;
  const measure = async (one: IngestSettings): Promise<Side> => {
    const outcome = await runIngest(one, say);
    wrong ??= mismatch(one, outcome);
    const { messages, messagesPerSecond, processCpuUsPerMessage, cpuUsPerMessage } = figuresOf(one, outcome);
    const side = { messages, messagesPerSecond, cpuUsPerMessage: processCpuUsPerMessage, threads: cpuUsPerMessage };
    say(describeSide(name(one), side));
    return side;
  };
  const isTurned = pairs++ % 2 === 1;
  const [first, second] = settings;
  const earlier = await measure(isTurned ? second : first);
  const later = await measure(isTurned ? first : second);
  return { sides: isTurned ? [later, earlier] : [earlier, later], wrong };
}

export function describeSide(name: string, { messagesPerSecond, cpuUsPerMessage }: Side): string {
  return `${name}: ${messagesPerSecond} messages a second, CPU ${cpuUsPerMessage} µs a message`;
}
