/** Aborts when the terminal or a supervisor asks the command to end: Ctrl-C, SIGTERM, or a terminal that is closed. */
export function stopSignals(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  return stop.signal;
}
