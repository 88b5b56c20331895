import type { TlsMaterial } from '../contract/tls-material.js';
import type { Doorbell } from '../host/doorbell.js';

/**
 * The reactor knows connections and bytes, no protocol. It reads sockets into the read region of a
 * gateway kernel's memory, lists what happened in the event table, and calls `turn`. When `turn`
 * returns, it keeps the bytes each event left unconsumed and presents them again, before newer ones,
 * once they have grown to `needed`.
 *
 * Connection ids are small integers below CONNECTIONS_MAX, used again in a later turn than the one
 * that had their EVENT_CLOSED. A connection's events come in order: opened, data …, ended, closed. It has one
 * data event a turn at most. EVENT_ENDED says that the peer sends no more and still reads; the connection stays
 * until `close`. Of a peer that is gone EVENT_CLOSED comes alone. Both wait until the kernel can take nothing
 * more of the peer's bytes.
 */
export interface Reactor {
  /** `native` or `portable`. */
  readonly name: ReactorName;
  /**
   * Binds a TCP listener and answers the port it got. The kernel sees a connection when all that the options put before its bytes is
   * done; what fails there, or takes more than some seconds, is refused. Rejects when the TLS material cannot be used.
   */
  listen(host: string, port: number, options?: ListenOptions): Promise<number>;
  /**
   * Binds a socket for datagrams and answers its port. Each datagram is one event, its peer before its bytes; an answer is sent to the
   * event's connection with the same header before it (assembly/abi/gateway.ts).
   */
  listenDatagrams(host: string, port: number, isShared?: boolean): Promise<number>;
  /**
   * The same for datagrams of DTLS: an event holds one message of an association, with the association in place of its peer. Without TLS
   * material only clients with keys get in. Rejects where the reactor has no DTLS.
   */
  listenDtls(host: string, port: number, options: DtlsOptions): Promise<number>;
  /** Ends an association. */
  closeAssociation(association: Association): void;
  /** The owner of a certificate about which `certified` has answered undefined; 0: it is of nobody. */
  answerAssociation(association: Association, owner: number): void;
  /** Rings of this doorbell make a turn happen, until the reactor has stopped. Once. */
  answer(doorbell: Doorbell): void;
  /** Sends bytes of the kernel's memory, in order. They are copied before it returns. */
  send(connection: number, offset: number, length: number): void;
  /** The same for the first `count` entries of the kernel's send table. */
  sendTable(count: number): void;
  /** The same for bytes that are not in the kernel's memory. */
  sendBytes(connection: number, bytes: Uint8Array): void;
  /** Bytes that were sent to the connection and not taken by its peer yet. */
  unread(connection: number): number;
  /** Ends the connection once what was sent is out; EVENT_CLOSED follows, whatever the peer does. */
  close(connection: number): void;
  /**
   * Stops reading sockets: the way back-pressure reaches devices. Bytes in hand are kept, and no data event comes until `resume`,
   * but with `newcomers` those of connections of which the kernel took nothing yet.
   */
  pause(reads: 'nobody' | 'newcomers'): void;
  resume(): void;
  /** Reads a connection again that the kernel has paused: NEEDED_PAUSED. */
  again(connection: number): void;
  /**
   * Reads a connection from now on as one of this share; 0: nobody's. While several shares have something to read, each is read for its
   * quantum of bytes in a turn. The portable reactor reads as Node does, without shares.
   */
  share(connection: number, share: number, quantum: number): void;
  /** Whether shares that have more to read than their quanta have to wait while others have something too. */
  hold(isHeld: boolean): void;
  /** Of each share that was read while others waited, since the last call: its number, bytes, and turns that ended before all was read. */
  shareCounts(): number[];
  /** Makes a turn happen soon, with no events if there are none. */
  wake(): void;
  /** Lets at most so many connections be open, and of one address so many that are not trusted. More are refused. */
  limit(connections: number, strangers: number): void;
  /** Closes connections whose peers take nothing for so many ms of much that they were sent; 30 s without this call. */
  limitUnread(withinMs: number): void;
  /** The peer has proved who it is: its connection no longer counts against its address. */
  trust(connection: number): void;
  /** The certificate, DER, of which the peer has shown that it has the key; undefined: none. */
  peerCertificate(connection: number): Uint8Array | undefined;
  /** Connections that come from now on, on ports with TLS, are shown this material. Throws, and changes nothing, when it cannot be used. */
  renewTls(material: TlsMaterial): void;
  /** Closes the listeners; connections stay. */
  unlisten(): void;
  /** Closes listeners and connections. */
  stop(): Promise<void>;
}

/** What comes before the kernel's bytes on the connections of a listener, in this order. */
export interface ListenOptions {
  /** Another gateway of this process listens there already. */
  readonly isShared?: boolean;
  /** Addresses, and ranges of them, of proxies: their connections begin with a PROXY header, and count as the peer's that it names. */
  readonly proxies?: readonly string[];
  readonly tls?: TlsMaterial | undefined;
  /** The bytes are the payload of the binary messages of a WebSocket at /mqtt. */
  readonly isWebSocket?: boolean;
  /** TRANSPORT_… of assembly/abi/gateway.ts, for EVENT_OPENED. */
  readonly transport?: number;
}

/** A client of DTLS, by its socket and its place there; a place is used again with another generation. */
export interface Association {
  readonly connection: number;
  readonly number: number;
  readonly generation: number;
}

/** Says who the clients of DTLS are. An owner is any number that is not 0, and stands in the header of each of its client's datagrams. */
export interface AssociationHost {
  /** The keys that a client which calls itself so may have, and its owner; undefined: there is none of this name. */
  named(association: Association, identity: Uint8Array): { readonly keys: readonly Uint8Array[]; readonly owner: number } | undefined;
  /**
   * The owner of a certificate, DER, of which the client has shown that it has the key; 0: it is of nobody. Undefined: `answerAssociation`
   * follows, and the client waits for it for as long as a handshake may take.
   */
  certified(association: Association, certificate: Uint8Array): number | undefined;
  /** Its handshake is done. `key`: the place of its key among those that `named` has answered. */
  opened(association: Association, key: number): void;
  closed(association: Association): void;
  counted(counts: AssociationCounts): void;
}

/** `open` and `shaking` are now, all others since the reactor began. */
export interface AssociationCounts {
  readonly open: number;
  readonly shaking: number;
  readonly established: number;
  readonly dropped: number;
  readonly evicted: number;
  readonly moved: number;
}

export interface DtlsOptions {
  readonly isShared?: boolean;
  readonly tls?: TlsMaterial | undefined;
  readonly host: AssociationHost;
}

export type ReactorName = 'native' | 'portable';
/** A connection that was not let in, or was closed by the reactor: a code of assembly/abi/codes.ts. */
export type OnRefused = (code: number) => void;

/** One pass over `eventCount` entries of the event table. */
export type Turn = (eventCount: number) => void;
