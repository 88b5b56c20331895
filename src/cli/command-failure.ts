export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

/** Ends a command: `message` reads "cannot <verb> <object>: <cause>", `code` is stable for scripts. */
export class CommandFailure extends Error {
  readonly code: string;
  readonly wayOut: string | undefined;
  readonly exitCode: number;

  constructor(code: string, message: string, { wayOut, exitCode }: { wayOut?: string | undefined; exitCode?: number } = {}) {
    super(message);
    this.name = 'CommandFailure';
    this.code = code;
    this.wayOut = wayOut;
    this.exitCode = exitCode ?? exitCodes.failed;
  }
}

export function usageFailure(message: string, wayOut?: string): CommandFailure {
  return new CommandFailure('usage_invalid', message, { wayOut, exitCode: exitCodes.usage });
}
