import type { ReactorChoice } from '../contract/threads/gateway.js';
import type { KernelMemory } from '../host/kernel.js';
import { loadAddon } from '../host/native-addon.js';
import { NativeReactor } from './native/native-reactor.js';
import { PortableReactor } from './portable/portable-reactor.js';
import type { OnRefused, Reactor, ReactorName, Turn } from './reactor.js';

export interface ReactorOptions {
  readonly memory: KernelMemory;
  readonly turn: Turn;
  readonly refused: OnRefused;
}

/** Which reactor this process would run, and why it is not the native one though nobody asked for another. */
export function chooseReactor(wanted: ReactorChoice): { readonly name: ReactorName; readonly reason?: string } {
  if (wanted === 'portable') return { name: 'portable' };
  const addon = loadAddon();
  return 'missing' in addon ? { name: 'portable', reason: addon.missing } : { name: 'native' };
}

/** Throws when the native reactor is demanded and its addon does not load. */
export function openReactor(wanted: ReactorChoice, { memory, turn, refused }: ReactorOptions): Reactor {
  const addon = wanted === 'portable' ? undefined : loadAddon();
  if (addon && !('missing' in addon)) return new NativeReactor(addon, memory, turn, refused);
  if (addon && wanted === 'native') {
    throw new Error(`cannot load the native reactor: ${addon.missing}; or set SPILLWAY_REACTOR to auto`);
  }
  return new PortableReactor(memory, turn, refused);
}
