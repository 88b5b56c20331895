import { ABI_VERSION } from './abi';

export { addMetric } from './decode/metrics';
export { processBlock, setPartition } from './records';
export { batchHasRoom, batchRows, openBatch, sealBatch } from './rows/batch';
export { watch } from './series/devices';
export { latest } from './series/latest';

/** The abi this module was built with; the host refuses another. */
export function abiVersion(): u32 {
  return ABI_VERSION;
}
