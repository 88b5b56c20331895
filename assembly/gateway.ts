import { ABI_VERSION } from './abi/limits';

export { freeSlots, release } from './block/acknowledge';
export { ingest } from './block/ingest';
export { blockHash, heldRecords, initSlots, nextSealed, openedMs, sealAll, sealDue } from './block/seal';
export { addDevice, findDevice } from './directory/devices';
export { setClock } from './clock';
export { connected, ended, levelOf } from './mqtt/connections';
export { callCount, countRefused, sendCount, taken } from './mqtt/outbox';
export { resumed, starved, sweep, turn } from './mqtt/turn';

export function abiVersion(): u32 {
  return ABI_VERSION;
}
