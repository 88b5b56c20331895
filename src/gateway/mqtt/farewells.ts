/** A connection that ends before its acknowledgements are due. */
interface Leaving {
  /** What the client is sent last. */
  readonly last: Uint8Array | undefined;
  readonly deadline: NodeJS.Timeout;
}

/** Connections that end once what was taken in from them is acknowledged, or their time is over. */
export class Farewells {
  readonly #leaving = new Map<number, Leaving>();

  /** `late` is called when the acknowledgements did not come in time. */
  begin(connection: number, last: Uint8Array | undefined, withinMs: number, late: () => void): void {
    this.#leaving.set(connection, { last, deadline: setTimeout(late, withinMs).unref() });
  }

  has(connection: number): boolean {
    return this.#leaving.has(connection);
  }

  /** The connection waits no longer: what its client is sent last, or `none`: it did not wait. */
  end(connection: number): { readonly last: Uint8Array | undefined } | undefined {
    const leaving = this.#leaving.get(connection);
    clearTimeout(leaving?.deadline);
    this.#leaving.delete(connection);
    return leaving;
  }

  connections(): number[] {
    return [...this.#leaving.keys()];
  }
}
