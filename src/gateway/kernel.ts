/**
 * What gateway.wasm exports. Numbers are u32 unless said otherwise; "entry" is a device's place in the
 * kernel's table, "number" its number in the registry. Memory is laid out in assembly/abi/gateway.ts.
 */
export interface GatewayKernel {
  /** Once, before anything else. */
  initSlots(partitions: number): void;
  /** Before each turn, sweep or ingest: wall clock in µs of the Unix epoch, and ms that never go back. */
  setClock(wallUs: number, monotonicMs: number): void;

  /**
   * Works through the event table from event `first` on. Answers `eventCount` when done, else the event
   * to go on with once sends and calls were taken.
   */
  turn(first: number, eventCount: number): number;
  /** 1 when a message of the turn found no free block slot; its bytes were left unconsumed. */
  starved(): number;
  /** The host reads again after a pause: keep-alives count from now. */
  resumed(): void;
  /** Ends connections past their deadline, from connection `first` on; answers where to go on after sends and calls were taken, or -1. */
  sweep(first: number): number;

  /** Entries of the send and the call table; `taken` empties both. Sends go out before calls are answered. */
  sendCount(): number;
  callCount(): number;
  taken(): void;
  /** Counts a message that the host refuses before the kernel saw it. */
  countRefused(code: number): void;

  /**
   * Answers a CONNECT: the connection is let in as the device `entry`, or as a service client, NO_DEVICE. `flags`: CONNECTION_….
   * `reasonBytesMax`: bytes of the largest answer with a Reason String, or 0. A turn has to follow, for packets that waited.
   */
  connected(connection: number, entry: number, level: number, flags: number, keepAliveSeconds: number, reasonBytesMax: number): void;
  /** SUBSCRIBE or UNSUBSCRIBE of the connection is answered. A turn has to follow. */
  answered(connection: number): void;
  /** 1: copies of the messages that the connection publishes are listed as CALL_TAPPED. */
  setTaps(connection: number, on: number): void;
  /** The packet id of a QoS 2 message of an earlier connection of the session is in use; false (0): there is no room for it. */
  keepUnreleased(connection: number, packetId: number): number;
  /** The highest topic alias that the connection may use from now on; 0: there is no room for aliases of one more connection. */
  allowAliases(connection: number): number;
  /** The address of the topic, u16 bytes before it, that the alias stands for in a PUBLISH that the kernel has listed. */
  aliasOf(connection: number, alias: number): number;
  /** The place (f64) of the PUBREC of a QoS 2 message that the connection has not released; -1: it has released it. */
  placeOfPubrec(connection: number, packetId: number): number;
  /** The place (f64) of the first acknowledgement whose message is not durable, or of the next one. */
  durableTo(): number;
  /** The place (f64) of the first acknowledgement that was held since the last call, or -1. */
  takeHeld(): number;
  /** Acknowledgements from this place on wait for the broker; -1: none of those that takeHeld has answered. */
  setHeld(place: number): void;
  /** As release, after setHeld. */
  releaseHeld(): number;
  /**
   * The connection takes nothing in any more, and is closed once it has its acknowledgements: 1 while some wait, and CALL_SETTLED follows
   * the last of them; 0: none does.
   */
  leave(connection: number): number;
  /** The connection is being closed: its data is dropped and nothing more is sent to it. */
  ended(connection: number): void;
  /** The protocol level that its CONNECT named, 0 before. */
  levelOf(connection: number): number;

  /** Takes the device out of the stage; its entry, or -1 when its name is invalid or the table is full. */
  addDevice(number: number, via: number, status: number, partition: number, schema: number, tenantBytes: number, idBytes: number): number;
  /** The entry of the name in the stage, or -1. */
  findDevice(tenantBytes: number, idBytes: number): number;
  /**
   * Takes context and payload of a message out of the stage. `head`: flags of the record and, eight bits higher, its content format. 0 and
   * CALL_DURABLE follows, a code, or -1: no block slot is free.
   */
  ingest(entry: number, head: number, contextBytes: number, payloadBytes: number, token: number): number;
  /** Whether a message that the device `entry` sends now is over a rate: the code that says which, or 0. `ingest` does not ask. */
  overRateOf(entry: number): number;
  /** How long (f64, ms) the message is too early that overRateOf has answered a code for. */
  earlyMs(): number;
  /** Counts a message of the device `entry` that the host refuses with `code`. */
  refuseOfDevice(entry: number, code: number): void;
  /** As ingest, of one of the messages of a packet that was handed to the host; acceptHanded comes after the last. */
  ingestPart(entry: number, head: number, contextBytes: number, payloadBytes: number): number;
  /** Acknowledges the PUBLISH of CALL_MESSAGE once all its parts are durable, and with `isHeld` 1 once the broker has it. */
  acceptHanded(connection: number, qos: number, packetId: number, parts: number, isHeld: number): void;
  /** Refuses the PUBLISH of CALL_MESSAGE, of which no part was taken. */
  refuseHanded(connection: number, qos: number, packetId: number, code: number): void;

  /** Answers CALL_COAP_TOKEN: 0, or the code that refuses the request. `isKept`: 1 when the token need not be verified again until it changes. */
  coapJudged(code: number, isKept: number): void;
  /** Requests of CoAP that find no room are refused with this code; 0: with that of an overload. */
  coapClosed(code: number): void;
  /** Sends empty acknowledgements to clients of CoAP that wait for long. 0: take the sends, then call again. */
  nudge(): number;
  /** Once, before the first turn: a number that nobody can guess, on which the places of routes depend. */
  seedRoutes(seed: bigint): void;
  /** Answers CALL_ROUTE: a context that ends with the topic lies in the stage; `kind` is ROUTE_TO_… or a code. */
  addRoute(sender: number, entry: number, format: number, kind: number, contextBytes: number): void;
  /** Once, before the first turn: what a 3.1.1 client may not publish is acknowledged, and becomes a dead letter where its topic is the reason. */
  keepNotTaken(): void;
  /** Forgets all routes: rules or devices changed. */
  clearRoutes(): void;

  /** Seals blocks of full age; with `logIdle`, or when such a one was sealed, also all that somebody waits for. */
  sealDue(logIdle: number): void;
  sealAll(): void;
  /** When the oldest open block was opened (f64, monotonic ms); -1: none is open. */
  openedMs(): number;
  /** Messages in blocks that are not released. */
  heldRecords(): number;
  /** The next sealed slot, which the host pushes to the log now; -1: none. */
  nextSealed(): number;
  /**
   * The oldest pushed block is durable: frees its slot and answers, in order of arrival, all messages up to the
   * first whose block is not durable. 0: take sends and calls, then call again until it answers 1.
   */
  release(): number;
  /** 0 also while too many messages wait for an answer. */
  freeSlots(): number;
  blockHash(offset: number, bytes: number): bigint;
}
