import { decodeDocument } from '../document';

/** Decodes one payload of MessagePack into the sink. Answers CODE_NONE or why it is refused. */
@inline
export function decodeMsgpack(at: usize, bytes: u32, receiveUs: u64): u32 {
  return decodeDocument(true, at, bytes, receiveUs);
}
