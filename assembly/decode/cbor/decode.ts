import { decodeDocument } from '../document';

/** Decodes one payload of CBOR into the sink. Answers CODE_NONE or why it is refused. RFC 8949. */
@inline
export function decodeCbor(at: usize, bytes: u32, receiveUs: u64): u32 {
  return decodeDocument(false, at, bytes, receiveUs);
}
