import { POOL_BYTES, POOL_OFFSET } from '../abi/gateway';

// Memory that connections take as they need it, for packet ids of QoS 2 and for topic aliases: pieces of 8 << bits bytes, at addresses
// that are multiples of 64.

export const PIECE_BITS_MIN: u32 = 3;
export const PIECE_BITS_MAX: u32 = 16;
const POOL_END: u32 = POOL_OFFSET + POOL_BYTES;

/** By size: the first free piece, 0: none. A free piece's first word names the next. */
const free = memory.data((PIECE_BITS_MAX + 1) * 4, 4);
/** The pool is unused from this address on, since the start or since all pieces were free. */
let unusedAt: u32 = POOL_OFFSET;
/** Bytes of the pieces that are taken. */
export let poolTaken: u32 = 0;

/** A piece of zeros, or 0 when the pool has none. */
export function take(bits: u32): u32 {
  let piece = takeFree(bits);
  if (piece == 0 && unusedAt + (8 << bits) <= POOL_END) {
    piece = unusedAt;
    unusedAt += 8 << bits;
  }
  for (let larger = bits + 1; piece == 0 && larger <= PIECE_BITS_MAX; larger++) {
    piece = takeFree(larger);
    // A larger piece is halved until it has the size; each upper half is free.
    for (let half = larger - 1; piece != 0 && half >= bits; half--) putFree(piece + (8 << half), half);
  }
  if (piece == 0) return 0;
  memory.fill(piece, 0, 8 << bits);
  poolTaken += 8 << bits;
  return piece;
}

/** Gives a piece back. Free pieces are halved but never joined; when all are free, the whole pool is unused again. */
export function giveBack(piece: u32, bits: u32): void {
  assert(poolTaken >= <u32>8 << bits, 'no such piece is taken');
  putFree(piece, bits);
  poolTaken -= 8 << bits;
  if (poolTaken > 0) return;
  memory.fill(free, 0, (PIECE_BITS_MAX + 1) * 4);
  unusedAt = POOL_OFFSET;
}

function takeFree(bits: u32): u32 {
  const piece = load<u32>(free + (bits << 2));
  if (piece != 0) store<u32>(free + (bits << 2), load<u32>(piece));
  return piece;
}

function putFree(piece: u32, bits: u32): void {
  store<u32>(piece, load<u32>(free + (bits << 2)));
  store<u32>(free + (bits << 2), piece);
}
