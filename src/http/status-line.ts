import { STATUS_CODES } from 'node:http';

/** As the first line of an answer has it: "200 OK". */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
}
