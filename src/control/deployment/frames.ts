import { MIB } from '../../../assembly/abi/limits.js';

/** PostgreSQL takes notifications of up to 7,999 bytes. */
const FRAME_BYTES_MAX = 7900;
/** Frames of one text; a longer one is not sent. */
const FRAMES_MAX = 512;
/** What waits for its other frames: texts, bytes of all of them, and for how long. */
const PIECES_MAX = 64;
const PIECES_BYTES_MAX = 16 * MIB;
const PIECES_MS_MAX = 10_000;

const HEAD = /^([0-9a-z]{1,32}) (\d{1,15}) (\d{1,3}) (\d{1,3}) /;

/**
 * Cuts a JSON text into frames: sender, number of the text, number of the frame, frames of the text, and a part of it, one blank
 * between them. Undefined: it is longer than may be sent.
 */
export function cutText(from: string, number: number, text: string): string[] | undefined {
  // A byte is then a character, whatever the encoding of the database: nothing is cut within one.
  const plain = text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const room = FRAME_BYTES_MAX - 64;
  const count = Math.max(1, Math.ceil(plain.length / room));
  if (count > FRAMES_MAX) return undefined;
  return Array.from(
    { length: count },
    (_, index) => `${from} ${number} ${index} ${count} ${plain.slice(index * room, (index + 1) * room)}`,
  );
}

export interface Joined {
  readonly from: string;
  readonly text: string;
}

interface Pieces {
  readonly parts: (string | undefined)[];
  readonly untilMs: number;
  missing: number;
  bytes: number;
}

/** Puts frames together again. Whatever comes, what waits is bounded: the oldest goes first. */
export class Frames {
  readonly #waiting = new Map<string, Pieces>();
  #bytes = 0;

  /** The text, when this was the last frame that it waited for. What is no frame is left out. */
  join(frame: string, nowMs: number): Joined | undefined {
    const [head, from = '', number, indexText, countText] = HEAD.exec(frame) ?? [];
    if (head === undefined) return undefined;
    const [index, count] = [Number(indexText), Number(countText)];
    if (count < 1 || count > FRAMES_MAX || index >= count) return undefined;
    const part = frame.slice(head.length);
    if (count === 1) return { from, text: part };
    this.#clear(nowMs);
    const key = `${from} ${number} ${count}`;
    const pieces = this.#waiting.get(key) ?? { parts: [], untilMs: nowMs + PIECES_MS_MAX, missing: count, bytes: 0 };
    this.#waiting.set(key, pieces);
    if (pieces.parts[index] !== undefined) return undefined;
    pieces.parts[index] = part;
    pieces.bytes += part.length;
    this.#bytes += part.length;
    if (--pieces.missing > 0) return undefined;
    this.#drop(key, pieces);
    return { from, text: pieces.parts.join('') };
  }

  #clear(nowMs: number): void {
    for (const [key, pieces] of this.#waiting) {
      const isFull = this.#waiting.size >= PIECES_MAX || this.#bytes > PIECES_BYTES_MAX;
      if (!isFull && pieces.untilMs > nowMs) return;
      this.#drop(key, pieces);
    }
  }

  #drop(key: string, { bytes }: Pieces): void {
    this.#waiting.delete(key);
    this.#bytes -= bytes;
  }
}
