/** A message that came over HTTP. */
export interface IngestedMessage {
  readonly token: number;
  /** The same for all messages of one request, which are taken or refused together for each device; 0: no rate holds for it. */
  readonly body: number;
  readonly device: number;
  readonly flags: number;
  /** Content format of the payload, FORMAT_…. */
  readonly format: number;
  /** Comes before the payload; empty: nothing does. */
  readonly context: Uint8Array;
  readonly payload: Uint8Array;
}

/** Messages in two buffers, which a thread gets without a copy: a copy of each message would cost more than all else that is done with it. */
export interface PackedMessages {
  readonly kind: 'ingest';
  /** Of each message: token, body, device, flags, content format, bytes of its context, bytes of its payload. */
  readonly heads: Uint32Array<ArrayBuffer>;
  /** Contexts and payloads, one after another. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const HEAD_WORDS = 7;

export function packMessages(messages: readonly IngestedMessage[]): PackedMessages {
  const heads = new Uint32Array(messages.length * HEAD_WORDS);
  const bytes = new Uint8Array(messages.reduce((sum, { context, payload }) => sum + context.length + payload.length, 0));
  let [word, at] = [0, 0];
  for (const { token, body, device, flags, format, context, payload } of messages) {
    heads[word++] = token;
    heads[word++] = body;
    heads[word++] = device;
    heads[word++] = flags;
    heads[word++] = format;
    heads[word++] = context.length;
    heads[word++] = payload.length;
    bytes.set(context, at);
    at += context.length;
    bytes.set(payload, at);
    at += payload.length;
  }
  return { kind: 'ingest', heads, bytes };
}

/** The messages; their contexts and payloads lie in `bytes`. */
export function* unpackMessages({ heads, bytes }: PackedMessages): Generator<IngestedMessage> {
  let at = 0;
  for (let head = 0; head < heads.length; head += HEAD_WORDS) {
    const [token, body, device, flags, format, contextBytes, payloadBytes] = heads.subarray(head, head + HEAD_WORDS) as unknown as number[];
    const payloadAt = at + contextBytes!;
    const end = payloadAt + payloadBytes!;
    const [context, payload] = [bytes.subarray(at, payloadAt), bytes.subarray(payloadAt, end)];
    yield { token: token!, body: body!, device: device!, flags: flags!, format: format!, context, payload };
    at = end;
  }
}
