/** The socket of one client, as the server knows it. */
export interface ClientSocket {
  /** false: the message was dropped. */
  send(text: string): boolean;
  bufferedBytes(): number;
  /** The client has shown a valid key. False: there is no room for it, and the socket is ended. */
  trust(): boolean;
  end(code: number, reason: string): void;
  /** The same without waiting for the client's part in it. */
  drop(code: number, reason: string): void;
}

/** The WebSockets of one path. A server names each by the socket that it gave to `open`. */
export interface WebSocketApp {
  readonly path: string;
  /** Limits that the server keeps for each socket. */
  readonly messageBytesMax: number;
  readonly bufferedBytesMax: number;
  /** A socket whose client does not even answer pings is gone after this. */
  readonly idleSecondsMax: number;
  open(socket: ClientSocket): void;
  /** A message of the client, of text or of bytes. */
  receive(socket: ClientSocket, bytes: Uint8Array): void;
  /** The socket is gone, whoever ended it. */
  closed(socket: ClientSocket): void;
  /** Ends every socket, and each that is opened from now on. */
  close(): void;
}
