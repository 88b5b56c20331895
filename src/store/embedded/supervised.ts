import type { Report } from '../../telemetry/report.js';
import type { storeEvents } from '../events.js';
import { type EmbeddedServer, startEmbedded } from './embedded.js';

const LOOK_EVERY_MS = 1000;

export type ServerEvent = Report<keyof typeof storeEvents>;

/**
 * The embedded server, brought up again when its process is gone: killed for want of memory, say. The new
 * one has the old one's address, so whoever waits for the database finds it; the log keeps what comes meanwhile.
 */
export async function startSupervised(folder: string, event: ServerEvent): Promise<EmbeddedServer> {
  let server = await startEmbedded(folder);
  let starting: Promise<void> | undefined;
  const look = () => {
    if (starting || server.isAlive()) return;
    event('error', 'database-ended', { pid: server.pid });
    starting = startEmbedded(folder, { samePort: true })
      .then((next) => {
        server = next;
        event('info', 'database-started-again', { pid: next.pid });
      })
      // Its last processes may still be ending; the next look tries again.
      .catch((error: unknown) =>
        event('error', 'database-not-started', { message: error instanceof Error ? error.message : String(error) }),
      )
      .finally(() => {
        starting = undefined;
      });
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    url: server.url,
    get pid() {
      return server.pid;
    },
    isAlive: () => server.isAlive(),
    async stop() {
      clearInterval(timer);
      await starting;
      await server.stop();
    },
  };
}
