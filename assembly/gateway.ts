import { ABI_VERSION } from './abi';

export function abiVersion(): u32 {
  return ABI_VERSION;
}
