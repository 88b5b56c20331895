import { CODE_NONE } from '../../abi/codes';
import { decodeDocument } from '../document';
import { decodePlainMsgpack } from '../plain-document';

/** Decodes one payload of MessagePack into the sink. Answers CODE_NONE or why it is refused. */
@inline
export function decodeMsgpack(at: usize, bytes: u32, receiveUs: u64): u32 {
  return decodePlainMsgpack(at, bytes, receiveUs) ? CODE_NONE : decodeDocument(true, at, bytes, receiveUs);
}
