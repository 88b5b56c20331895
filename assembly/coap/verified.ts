import {
  COAP_VERIFIED_AT_HASH,
  COAP_VERIFIED_AT_TOKEN,
  COAP_VERIFIED_AT_TOKEN_BYTES,
  COAP_VERIFIED_ENTRY_BYTES,
  COAP_VERIFIED_SLOTS,
  COAP_VERIFIED_TOKEN_BYTES_MAX,
} from '../abi/coap';
import { COAP_VERIFIED_OFFSET } from '../abi/gateway';
import { hashBytes, tokenHashOf } from '../directory/devices';
import { sameBytes } from '../memory';
import { secret } from '../routes/table';

// Tokens that the host has found to be their devices': every request carries its token, and hashing it each time would cost more than all
// the rest. An entry is valid for as long as the device has the hash with which the token was compared.

@inline
function slotOf(device: usize, token: usize, bytes: u32): usize {
  const hash = hashBytes(token, bytes, secret ^ <u64>device);
  return <usize>(COAP_VERIFIED_OFFSET + (<u32>(hash >> 32) & (COAP_VERIFIED_SLOTS - 1)) * COAP_VERIFIED_ENTRY_BYTES);
}

/** Whether the token was verified as that of the device, and is still. */
export function isVerified(device: usize, token: usize, bytes: u32): bool {
  if (bytes > COAP_VERIFIED_TOKEN_BYTES_MAX) return false;
  const at = slotOf(device, token, bytes);
  return (
    load<u32>(at) == <u32>device &&
    <u32>load<u8>(at, COAP_VERIFIED_AT_TOKEN_BYTES) == bytes &&
    load<u64>(at, COAP_VERIFIED_AT_HASH) == load<u64>(tokenHashOf(device)) &&
    sameBytes(at + COAP_VERIFIED_AT_TOKEN, token, bytes)
  );
}

/** Keeps a token that is the device's; a longer one is verified each time. */
export function keepVerified(device: usize, token: usize, bytes: u32): void {
  if (bytes > COAP_VERIFIED_TOKEN_BYTES_MAX) return;
  const at = slotOf(device, token, bytes);
  store<u32>(at, <u32>device);
  store<u8>(at, <u8>bytes, COAP_VERIFIED_AT_TOKEN_BYTES);
  store<u64>(at, load<u64>(tokenHashOf(device)), COAP_VERIFIED_AT_HASH);
  memory.copy(at + COAP_VERIFIED_AT_TOKEN, token, bytes);
}
