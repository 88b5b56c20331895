import { existsSync, readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.js';

/** What a bench function in bench/kernel/ answers; it asserts its own answers and throws when one is wrong. */
export interface KernelFigure {
  readonly nsPerMessage: number;
  readonly messages: number;
}

/** `scale`: how much of its usual work it does; less of it checks the answers, not the speed. */
type KernelBench = (scale?: number) => KernelFigure | Promise<KernelFigure>;

const runsDefault = 5;

/** Every exported function whose name begins with `bench`, by what follows: benchGateway is `gateway`. */
export async function findKernelBenches(folder = new URL('./kernel/', import.meta.url)): Promise<Map<string, KernelBench>> {
  const benches = new Map<string, KernelBench>();
  if (!existsSync(folder)) return benches;
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.js')) continue;
    const exported = (await import(new URL(file, folder).href)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exported)) {
      if (!/^bench[A-Z]/.test(name) || typeof value !== 'function') continue;
      benches.set(name.charAt(5).toLowerCase() + name.slice(6), value as KernelBench);
    }
  }
  return benches;
}

/** The run in the middle: a neighbour that takes the processor for a while moves it little. */
export async function medianOf(runs: number, bench: KernelBench): Promise<KernelFigure> {
  const figures: KernelFigure[] = [];
  for (let run = 0; run < runs; run++) figures.push(await bench());
  figures.sort((a, b) => a.nsPerMessage - b.nsPerMessage);
  return figures[Math.floor(runs / 2)] as KernelFigure;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, runs: { type: 'string' } } });
  const runs = Math.max(1, Math.floor(Number(values.runs ?? runsDefault)) || runsDefault);
  const benches = await findKernelBenches();
  if (benches.size === 0) throw new Error('cannot bench kernels: bench/kernel/ exports no bench function');
  const machine = describeMachine();
  const figures: Record<string, KernelFigure> = {};
  for (const [name, bench] of benches) {
    const figure = await medianOf(runs, bench);
    figures[name] = { nsPerMessage: Math.round(figure.nsPerMessage * 10) / 10, messages: figure.messages };
    console.log(
      `${name.padEnd(12)} ${figures[name].nsPerMessage.toFixed(1).padStart(8)} ns a message (median of ${runs}, ${figure.messages} messages each)`,
    );
  }
  if (values.json) console.log(JSON.stringify({ ...figures, runs, machine }));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
