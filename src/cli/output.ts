import type { CommandFailure } from './command-failure.js';

/**
 * Where commands write. With --json stdout carries JSON and nothing else, one document or one event a line,
 * and people's text is left out; failures go to stderr either way.
 */
export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /** For people; left out with --json. */
  text(...lines: string[]): void {
    if (!this.json) process.stdout.write(`${lines.join('\n')}\n`);
  }

  /** For programs; left out without --json. */
  document(value: unknown): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** A remark that is no result. */
  remark(text: string): void {
    if (!this.json) process.stderr.write(`${text}\n`);
  }

  failure({ code, message, wayOut }: CommandFailure): void {
    if (this.json) {
      process.stderr.write(`${JSON.stringify({ error: { code, message, ...(wayOut === undefined ? {} : { way_out: wayOut }) } })}\n`);
      return;
    }
    process.stderr.write(`spillway: ${message}\n${wayOut === undefined ? '' : `  way out: ${wayOut}\n`}`);
  }
}

/** Columns as wide as their widest cell, two blanks between them. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
