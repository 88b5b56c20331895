import { GATEWAY_END } from './abi/gateway';
import { ABI_VERSION } from './abi/limits';

export { ingest, ingestPart } from './block/ingest';
export { blockHash, heldRecords, initSlots, nextSealed, openedMs, sealAll, sealDue } from './block/seal';
export { addDevice, findDevice } from './directory/devices';
export { earlyMs, overRateOf, refuseOfDevice } from './directory/pace';
export { setHeld, takeHeld } from './answers';
export { setClock } from './clock';
export { nudge } from './coap/exchanges';
export { coapClosed, coapJudged } from './coap/turn';
export { aliasOf, allowAliases } from './mqtt/aliases';
export { answered, connected, ended, leave, levelOf, setTaps } from './mqtt/connections';
export { acceptHanded, refuseHanded } from './mqtt/publish';
export { keepUnreleased, placeOfPubrec } from './mqtt/qos2-inbound';
export { keepNotTaken } from './mqtt/topic';
export { addRoute, clearRoutes, seedRoutes } from './routes/table';
export { countRefused } from './directory/refusals';
export { callCount, sendCount, taken } from './outbox';
export { durableTo, freeSlots, release, releaseHeld } from './release';
export { resumed, starved, sweep } from './mqtt/turn';
export { turn } from './turn';

/** What this module was built with: the host refuses another version, and another layout of memory. */
export function abiVersion(): u32 {
  return ABI_VERSION + GATEWAY_END;
}
