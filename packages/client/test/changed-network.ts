import type { Network } from '../src/network/index.js';

/** The same object with some of its methods replaced. */
export function overriding<T extends object>(base: T, methods: Partial<T>): T {
  return Object.assign(Object.create(base) as T, methods);
}

/** A network that does some things differently: what a server does that lies, or a connection that breaks. */
export function changedNetwork(network: Network, changes: Partial<Network>): Network {
  const { blocks, pointers, core, accounts, bats, space, social, admin, messages, links, publicFiles, live } = network;
  return {
    blocks,
    pointers,
    core,
    accounts,
    bats,
    space,
    social,
    admin,
    messages,
    links,
    publicFiles,
    live,
    serverId: async (signal) => network.serverId(signal),
    serverIds: async (signal) => network.serverIds(signal),
    ipnsRecord: async (id, signal) => network.ipnsRecord(id, signal),
    ...changes,
  };
}
