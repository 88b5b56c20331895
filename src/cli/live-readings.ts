import { type AdminApi, unreachable } from './admin-api.js';
import { CommandFailure } from './command-failure.js';

export interface LiveReading {
  readonly device_id: string;
  readonly tenant: string;
  readonly metric: string;
  readonly ts: string;
  readonly value: number | string;
  readonly received_at: string;
}

type Message =
  | { readonly type: 'authenticated' | 'subscribed' | 'rates' }
  | { readonly type: 'error'; readonly error: { readonly code: string; readonly message: string; readonly way_out: string } }
  | { readonly type: 'readings'; readonly readings: readonly LiveReading[] };

export interface LiveListener {
  /** Every reading that comes from now on is handed over. */
  onSubscribed(): void;
  onReading(reading: LiveReading): void;
}

const CLOSE_KEY_REFUSED = 4401;
/** The appliance sends rates each second: a silence this long is a connection that is gone without a word. */
const SILENCE_MS_MAX = 10_000;

/** Listens to the readings of a device until `stopping` aborts; rejects with CommandFailure when the connection ends before. */
export async function followReadings(
  api: AdminApi,
  { tenant, device }: { readonly tenant: string; readonly device: string },
  listener: LiveListener,
  stopping: AbortSignal,
): Promise<void> {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(`${api.url.replace(/^http/, 'ws')}/v1/live`);
  let silence: NodeJS.Timeout | undefined;
  const ended = new Promise<void>((resolve, reject) => {
    silence = setTimeout(() => reject(lost(device, `nothing came for ${SILENCE_MS_MAX / 1000} s`)), SILENCE_MS_MAX);
    stopping.addEventListener('abort', () => resolve(), { once: true });
    socket.on('message', (data) => {
      silence?.refresh();
      take(JSON.parse(String(data)) as Message, listener, reject);
    });
    socket.on('error', (error) => reject(unreachable(api.url, new Error(error.message, { cause: error }))));
    socket.on('close', (code, reason) => {
      reject(code === CLOSE_KEY_REFUSED ? keyRefused(device, String(reason)) : lost(device, `it was closed with code ${code}`));
    });
  });
  socket.on('open', () => {
    socket.send(JSON.stringify({ type: 'authenticate', key: api.key }));
    socket.send(JSON.stringify({ type: 'subscribe', tenant, devices: [device] }));
  });
  return ended.finally(() => {
    clearTimeout(silence);
    socket.terminate();
  });
}

function take(message: Message, listener: LiveListener, reject: (failure: CommandFailure) => void): void {
  if (message.type === 'subscribed') listener.onSubscribed();
  else if (message.type === 'readings') for (const reading of message.readings) listener.onReading(reading);
  else if (message.type === 'error') {
    const { code, message: text, way_out: wayOut } = message.error;
    reject(new CommandFailure(code, text, { wayOut }));
  }
}

function keyRefused(device: string, reason: string): CommandFailure {
  return new CommandFailure('admin_key_invalid', `cannot follow device ${device}: ${reason}`, {
    wayOut: 'set SPILLWAY_ADMIN_KEY to a valid key, or run this in the folder of the appliance',
  });
}

function lost(device: string, cause: string): CommandFailure {
  return new CommandFailure('live_view_lost', `cannot follow device ${device} any longer: the connection is lost, ${cause}`, {
    wayOut: 'run the command again; npx spillway query reads the readings of the time in between',
  });
}
