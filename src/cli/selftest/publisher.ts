import { createHistogram } from 'node:perf_hooks';
import mqtt from 'mqtt';

const reconnectMs = 250;
const againMs = 100;
/** What has no answer yet; beyond it nothing new is sent until answers come. */
const unansweredMax = 4000;
/** Acknowledged messages that can be sent once more. */
const rememberedMax = 500;
const numberOf = (index: number, count: number) => 1 + Math.floor(index / count);

export interface Message {
  readonly device: string;
  readonly seq: number;
  readonly payload: string;
}

/**
 * A gateway device that publishes for its sub-devices, at QoS 1 and 2 in turn, and keeps what was acknowledged.
 * The MQTT library connects again by itself and continues the exchanges that were not finished.
 */
export class ChaosPublisher {
  readonly devices: readonly string[];
  /** Numbers that were acknowledged, by device. */
  readonly acknowledged = new Map<string, number[]>();
  readonly ackUs = createHistogram();
  sent = 0;
  answered = 0;
  /** The longest time without any answer while some was due. */
  silenceMs = 0;
  /** What the clocks of the devices are ahead of that of this machine. */
  clockAheadMs = 0;
  readonly #client: mqtt.MqttClient;
  readonly #recent: Message[] = [];
  #index = 0;
  #lastAnswerMs = performance.now();

  constructor(port: number, gateway: string, devices: readonly string[], password: string) {
    this.devices = devices;
    for (const device of devices) this.acknowledged.set(device, []);
    this.#client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
      clientId: gateway,
      username: 'default',
      password,
      reconnectPeriod: reconnectMs,
      // An appliance that takes nothing in refuses newcomers, who are to come again.
      reconnectOnConnackError: true,
      connectTimeout: 5000,
    });
    this.#client.on('error', () => {});
  }

  get unanswered(): number {
    return this.sent - this.answered;
  }

  /** The highest number that was sent for a device. */
  lastOf(device: string): number {
    const place = this.devices.indexOf(device);
    return this.#index <= place ? 0 : numberOf(this.#index - 1 - place, this.devices.length);
  }

  /** Figures of what follows begin anew. */
  reset(): void {
    this.ackUs.reset();
    this.silenceMs = 0;
    this.#lastAnswerMs = performance.now();
  }

  /** The next message, which fell due at `dueMs`. */
  publish(dueMs: number): void {
    if (this.unanswered >= unansweredMax) return;
    const index = this.#index++;
    const device = this.devices[index % this.devices.length] as string;
    const seq = numberOf(index, this.devices.length);
    const payload = JSON.stringify({ ts: Date.now() + this.clockAheadMs, metrics: { n: seq }, seq });
    if (this.unanswered === 0) this.#lastAnswerMs = performance.now();
    this.sent++;
    this.#send({ device, seq, payload }, dueMs);
  }

  #send(message: Message, dueMs: number): void {
    const { device, seq, payload } = message;
    this.#client.publish(`devices/${device}/telemetry`, payload, { qos: seq % 2 === 0 ? 1 : 2 }, (error, packet) => {
      if (error || !packet) {
        // A write into a connection that is just breaking; the application sends the message again, as it must.
        if (!this.#client.disconnecting) setTimeout(() => this.#send(message, dueMs), againMs).unref();
        return;
      }
      const now = performance.now();
      this.silenceMs = Math.max(this.silenceMs, now - this.#lastAnswerMs);
      this.#lastAnswerMs = now;
      this.answered++;
      this.ackUs.record(Math.max(1, Math.round((now - dueMs) * 1000)));
      this.acknowledged.get(device)?.push(seq);
      this.#recent[this.answered % rememberedMax] = message;
    });
  }

  /** Sends acknowledged messages once more, as a device does whose store was not cleared. Resolves to their count. */
  async repeat(): Promise<number> {
    const recent = this.#recent.filter((message) => message !== undefined);
    const sending = recent.map(({ device, payload }, place) =>
      this.#client.publishAsync(`devices/${device}/telemetry`, payload, { qos: place % 2 === 0 ? 1 : 2 }),
    );
    await Promise.allSettled(sending);
    return recent.length;
  }

  /** Breaks the connection off, without a word. */
  breakOff(): void {
    this.#client.stream?.destroy();
  }

  async end(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
