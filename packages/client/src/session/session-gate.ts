import { DeniedError } from '@pyrgos/core/errors';
import type { Network } from '../network/index.js';

/** Whether a session may still do anything. One for each account object; closed for good with it. */
export class SessionGate {
  private isOpen = true;
  private readonly listeners = new Set<() => void>();

  /** From now on {@link SessionGate.assertOpen} throws. */
  close(): void {
    this.isOpen = false;
    const told = [...this.listeners];
    this.listeners.clear();
    for (const listener of told) listener();
  }

  /** Has `listener` called when the gate closes, for what goes on by itself; returns the way to stop it. Never called for one that is closed. */
  onClose(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** DeniedError `denied.session` after {@link SessionGate.close}. */
  assertOpen(): void {
    if (!this.isOpen) throw new DeniedError('denied.session', 'This session is closed. Log in again.');
  }
}

/**
 * The same server, of which nothing is asked any more once the gate is closed: every method rejects with `denied.session` and sends
 * nothing. A request that is under way then is not called back, and its answer counts: a change that the server has made is made.
 */
export function gatedNetwork(network: Network, gate: SessionGate): Network {
  const { blocks, pointers, core, accounts, bats, space, social, admin, messages, links, publicFiles, live, time } = network;
  return {
    blocks: gated(blocks, gate),
    pointers: gated(pointers, gate),
    core: gated(core, gate),
    accounts: gated(accounts, gate),
    bats: gated(bats, gate),
    space: gated(space, gate),
    social: gated(social, gate),
    admin: gated(admin, gate),
    messages: gated(messages, gate),
    links: gated(links, gate),
    publicFiles: gated(publicFiles, gate),
    ...(live === undefined ? {} : { live: gated(live, gate) }),
    time,
    serverId: async (signal) => {
      gate.assertOpen();
      return network.serverId(signal);
    },
    serverIds: async (signal) => {
      gate.assertOpen();
      return network.serverIds(signal);
    },
    ipnsRecord: async (id, signal) => {
      gate.assertOpen();
      return network.ipnsRecord(id, signal);
    },
  };
}

/** All methods of a part of a network are asynchronous, whatever they are called. */
function gated<T extends object>(part: T, gate: SessionGate): T {
  return new Proxy(part, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return async (...parameters: unknown[]): Promise<unknown> => {
        gate.assertOpen();
        return Reflect.apply(value, target, parameters) as unknown;
      };
    },
  });
}
