import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Bytes of a process in memory. */
export interface Memory {
  /** Its share of all pages, those that it shares with others divided by their number. */
  readonly pss: number;
  /** Pages that are its own and no file's: heaps, stacks, kernel memory of the sockets not included. */
  readonly anonymous: number;
}

const sampleMs = 250;
const steadySamples = 8;
const steadyBytes = 256 * 1024;
const settleMsMax = 30_000;

/** proc(5), /proc/pid/smaps_rollup. */
export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  return { pss: bytes('Pss'), anonymous: bytes('Anonymous') };
}

/** Resident bytes, shared pages included: cheap enough to be asked under load. proc(5), /proc/pid/status. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
}

/** The memory once it does not move any more for two seconds, or after half a minute. */
export async function settledMemory(pid: number): Promise<Memory> {
  const samples: Memory[] = [];
  const deadlineMs = performance.now() + settleMsMax;
  for (;;) {
    samples.push(memoryOf(pid));
    const last = samples.slice(-steadySamples).map(({ pss }) => pss);
    const steady = last.length === steadySamples && Math.max(...last) - Math.min(...last) <= steadyBytes;
    if (steady || performance.now() > deadlineMs) return samples.at(-1)!;
    await delay(sampleMs);
  }
}

/** How many files the process may have open at most. */
export function openFilesMax(pid: number): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))?.[1]);
}
