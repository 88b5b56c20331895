/** Gathers the body of one request, up to a limit. */
export class BodyReader {
  /** Settles once; a whole body owns its buffer. */
  readonly result: Promise<Uint8Array | 'oversize' | 'aborted'>;
  readonly #bytesMax: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #settle: (result: Uint8Array | 'oversize' | 'aborted') => void = () => {};

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.result = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Copies the chunk: the server takes its buffer back. What comes after too much is thrown away. */
  add(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#bytesMax) {
      this.#chunks.push(new Uint8Array(chunk));
      return;
    }
    this.#chunks.length = 0;
    this.#settle('oversize');
  }

  end(): void {
    if (this.#bytes <= this.#bytesMax) this.#settle(joined(this.#chunks, this.#bytes));
  }

  abort(): void {
    this.#chunks.length = 0;
    this.#settle('aborted');
  }
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
