import { runSpillwayDouble } from './spillway-double.js';

/** One command for a process that runs several, one after another. */
export interface HostedCommand {
  readonly folder: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What a command leaves: its exit code, and all that it wrote. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

// The parent sends the next command once this one is answered, so that folder, environment and output are those of one command.
process.on('message', async ({ folder, args, env }: HostedCommand) => {
  process.chdir(folder);
  process.env = { ...env };
  const stdout = collect(process.stdout);
  const stderr = collect(process.stderr);
  const code = await runSpillwayDouble(args);
  process.send!({ code: process.exitCode ?? code, stdout: stdout(), stderr: stderr() });
});

process.once('disconnect', () => process.exit());

/** Keeps what is written to `stream` from now on. */
function collect(stream: NodeJS.WriteStream): () => string {
  let text = '';
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const written = rest.find((argument): argument is () => void => typeof argument === 'function');
    if (written) queueMicrotask(written);
    return true;
  };
  return () => text;
}
