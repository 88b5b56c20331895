/** What an edge node of Sparkplug, or a device of one, did or should be asked for. */
export interface EdgeSignal {
  readonly kind: 'born' | 'died' | 'rebirth-wanted';
  /** Number of the device that its messages come under. */
  readonly device: number;
  readonly receivedUs: number;
  /** Topic of the message that showed it: it names the edge node. */
  readonly topic: string;
}

/** What the subject of Sparkplug asks of the data plane. */
export interface EdgePort {
  onEdgeSignal(listener: (signal: EdgeSignal) => void): void;
}
