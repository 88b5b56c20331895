import { type DestinationStream, type Logger, pino } from 'pino';
import type { ProcessConfig } from '../config/settings/process.js';

/** The operator's log: one JSON line an event, on stdout unless told otherwise. Credentials never reach it. */
export function createLog(level: ProcessConfig['logLevel'], destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: ['token', 'key', 'authorization', '*.token', '*.key', '*.authorization'], censor: '[redacted]' },
  };
  return destination ? pino(options, destination) : pino(options);
}
