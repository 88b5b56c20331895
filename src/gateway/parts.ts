import type { FromGateway } from '../contract/threads/gateway.js';
import type { KernelMemory } from '../host/kernel.js';
import type { Reactor } from '../reactor/reactor.js';
import type { BrokerLink } from './broker/link.js';
import type { Taps } from './broker/taps.js';
import type { Directory } from './directory.js';
import type { GatewayKernel } from './kernel.js';
import type { Shares } from './shares.js';

/** What every part of a gateway works with. */
export interface GatewayParts {
  readonly kernel: GatewayKernel;
  readonly memory: KernelMemory;
  readonly directory: Directory;
  readonly reactor: Reactor;
  readonly link: BrokerLink;
  readonly taps: Taps;
  readonly shares: Shares;
  post(message: FromGateway): void;
}
