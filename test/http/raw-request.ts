import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: an answer has whatever shape the test then checks.
  readonly body: any;
}

export interface RawOutcome {
  readonly answers: readonly RawAnswer[];
  /** The server closed the connection. */
  readonly closed: boolean;
}

/** Sends bytes (one character each) over a connection of their own; ends with so many answers, or when the server closes. */
export function sendRaw(port: number, bytes: string, answersMax = Number.POSITIVE_INFINITY): Promise<RawOutcome> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('latin1').on('data', (text) => {
      received += text;
      const answers = answersIn(received);
      if (answers.length < answersMax) return;
      resolve({ answers, closed: false });
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve({ answers: answersIn(received), closed: true }));
    socket.write(bytes, 'latin1');
  });
}

/** The whole answers in what was received. */
function answersIn(received: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let at = 0; ; ) {
    const headEnd = received.indexOf('\r\n\r\n', at);
    if (headEnd < 0) return answers;
    const [line = '', ...fields] = received.slice(at, headEnd).split('\r\n');
    const headers = Object.fromEntries(fields.map((field) => [field.split(':')[0]!.toLowerCase(), field.replace(/^[^:]*: */, '')]));
    const end = headEnd + 4 + Number(headers['content-length'] ?? 0);
    if (received.length < end) return answers;
    const text = received.slice(headEnd + 4, end);
    const isJson = headers['content-type']?.startsWith('application/json') && text !== '';
    answers.push({ status: Number(line.split(' ')[1]), headers, text, body: isJson ? JSON.parse(text) : undefined });
    at = end;
  }
}
