import { z } from 'zod';

/** A cursor as clients hand it back: what is in it is nobody else's business and may change. */
export function writeCursor(cursor: object): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** The `next` of an earlier answer, in a query. */
export function cursorSchema<Cursor>(schema: z.ZodType<Cursor>) {
  const problem = 'must be the next of an earlier answer';
  return z.string().transform((value, context): Cursor => {
    const parsed = schema.safeParse(read(value));
    if (parsed.success) return parsed.data;
    context.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  });
}

function read(value: string): unknown {
  try {
    return JSON.parse(Buffer.from(value, 'base64url').toString());
  } catch {
    return undefined;
  }
}
