import { ModuleProblem, ModuleReader, signed, unsigned } from './binary.js';
import {
  BLOCK,
  CALL,
  CALL_INDIRECT,
  END,
  IF,
  LOOP,
  MEMORY_COPY,
  MEMORY_FILL,
  MEMORY_INIT,
  PREFIX,
  skipImmediates,
} from './instructions.js';

/** A frame of a function is bounded, and so is the stack of all frames. */
const LOCALS_MAX = 512;
const BODY_BYTES_MAX = 131_072;

const I32 = 0x7f;
const NO_RESULT = 0x40;
const UNREACHABLE = 0x00;
const LOCAL_GET = 0x20;
const LOCAL_TEE = 0x22;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;
const I32_CONST = 0x41;
const I32_EQZ = 0x45;
const I32_LT_S = 0x48;
const I32_ADD = 0x6a;
const I32_SUB = 0x6b;
const I32_SHR_U = 0x76;
/** Bytes that memory.copy and its like move for one unit of fuel, as a power of two. */
const MOVED_SHIFT = 3;

/** Numbers of what metering adds to a module, and of what it calls. */
export interface MeterNumbers {
  /** Globals: fuel that is left, and calls that may still be made within one another. */
  readonly fuel: number;
  readonly depth: number;
  /** Functions below it are imports, which call nothing of the codec. */
  readonly imports: number;
}

/** A stretch of code that is paid for as a whole when it is entered. */
interface Stretch {
  /** Where the code that pays goes. */
  readonly at: number;
  cost: number;
}

/** Code that is put in before, and after, what lies at a place. */
interface Insertion {
  readonly at: number;
  readonly code: readonly number[];
}

/**
 * The body of a function, locals and expression, with code that pays for it. All instructions of the function that lie in no loop are paid for
 * when it is called, those of a loop at each of its rounds: whoever does not run all of them pays for them as well, so that a run costs the
 * same wherever and however often it is made. Calls are counted too: a stack that overflows would do so at another depth in another process.
 */
export function meteredBody(body: Uint8Array, parameters: number, numbers: MeterNumbers): number[] {
  if (body.length > BODY_BYTES_MAX) throw new ModuleProblem(`a function is longer than ${BODY_BYTES_MAX} bytes`);
  const reader = new ModuleReader(body);
  const groups = reader.vector(() => [reader.u32(), reader.byte()] as const);
  const locals = groups.reduce((sum, [count]) => sum + count, parameters);
  if (locals > LOCALS_MAX) throw new ModuleProblem(`a function has more than ${LOCALS_MAX} variables`);
  const codeAt = reader.at;
  const insertions = insertionsOf(reader, locals, numbers);
  const spare: (readonly [number, number])[] = [...groups, [1, I32]];
  const output = [...unsigned(spare.length), ...spare.flatMap(([count, type]) => [...unsigned(count), type])];
  let at = codeAt;
  for (const insertion of insertions) {
    for (; at < insertion.at; at++) output.push(body[at]!);
    output.push(...insertion.code);
  }
  for (; at < body.length; at++) output.push(body[at]!);
  return output;
}

function insertionsOf(reader: ModuleReader, spare: number, numbers: MeterNumbers): Insertion[] {
  const found: Insertion[] = [];
  const stretches: Stretch[] = [{ at: reader.at, cost: 0 }];
  // The stretches that are open, by the constructs around the instruction at hand.
  const open: Stretch[] = [stretches[0]!];
  while (!reader.isAtEnd) {
    const from = reader.at;
    const opcode = reader.byte();
    const isCall = opcode === CALL_INDIRECT || (opcode === CALL && isOwn(reader, numbers));
    const second = skipImmediates(reader, opcode);
    open.at(-1)!.cost++;
    if (opcode === LOOP) {
      const stretch = { at: reader.at, cost: 0 };
      stretches.push(stretch);
      open.push(stretch);
    } else if (opcode === BLOCK || opcode === IF) open.push(open.at(-1)!);
    else if (opcode === END) open.pop();
    else if (isCall) found.push({ at: from, code: entered(numbers.depth) }, { at: reader.at, code: left(numbers.depth) });
    else if (opcode === PREFIX && [MEMORY_INIT, MEMORY_COPY, MEMORY_FILL].includes(second))
      found.push({ at: from, code: paidByBytes(numbers.fuel, spare) });
  }
  for (const { at, cost } of stretches) found.push({ at, code: paid(numbers.fuel, [I32_CONST, ...signed(cost)]) });
  return found.sort((one, other) => one.at - other.at);
}

function isOwn(reader: ModuleReader, { imports }: MeterNumbers): boolean {
  return new ModuleReader(reader.bytes, reader.at).u32() >= imports;
}

/** Takes what `amount` puts on the stack from the fuel, and traps where there is not so much left. */
function paid(fuel: number, amount: readonly number[]): number[] {
  const [take, put] = [
    [GLOBAL_GET, ...unsigned(fuel)],
    [GLOBAL_SET, ...unsigned(fuel)],
  ] as const;
  return [...take, ...amount, I32_SUB, ...put, ...take, I32_CONST, 0, I32_LT_S, ...trapped];
}

/** Before memory.copy and its like: the topmost value says how many bytes it moves. */
function paidByBytes(fuel: number, spare: number): number[] {
  const amount = [LOCAL_GET, ...unsigned(spare), I32_CONST, MOVED_SHIFT, I32_SHR_U];
  return [LOCAL_TEE, ...unsigned(spare), ...paid(fuel, amount)];
}

function entered(depth: number): number[] {
  const take = [GLOBAL_GET, ...unsigned(depth)];
  return [...take, I32_EQZ, ...trapped, ...take, I32_CONST, 1, I32_SUB, GLOBAL_SET, ...unsigned(depth)];
}

function left(depth: number): number[] {
  return [GLOBAL_GET, ...unsigned(depth), I32_CONST, 1, I32_ADD, GLOBAL_SET, ...unsigned(depth)];
}

/** Traps if the topmost value is not 0. */
const trapped = [IF, NO_RESULT, UNREACHABLE, END] as const;
