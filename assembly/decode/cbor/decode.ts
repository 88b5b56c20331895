import { CODE_NONE } from '../../abi/codes';
import { decodeDocument } from '../document';
import { decodePlainCbor } from '../plain-document';

/** Decodes one payload of CBOR into the sink. Answers CODE_NONE or why it is refused. RFC 8949. */
@inline
export function decodeCbor(at: usize, bytes: u32, receiveUs: u64): u32 {
  return decodePlainCbor(at, bytes, receiveUs) ? CODE_NONE : decodeDocument(false, at, bytes, receiveUs);
}
