import { encodeCbor, type Cid } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import { type PublicKeyHash, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { Champ, PointerUpdate, reachableBlocks, WriterData } from '@pyrgos/core/model';
import { MemoryServer, type ServerOperation } from '@pyrgos/testkit/stores';
import { seededRandom } from '@pyrgos/testkit/random';
import { type Clock, createChildWriter, WriteSession, type WriteSessionOptions } from '../src/commit/index.js';

/** Time that passes only when somebody sleeps; sleeping takes no time. */
export class ManualClock implements Clock {
  time = 1_700_000_000_000;
  readonly sleeps: number[] = [];

  now(): number {
    return this.time;
  }

  async sleep(milliseconds: number): Promise<void> {
    this.sleeps.push(milliseconds);
    this.time += milliseconds;
    await Promise.resolve();
  }
}

/** One user on one memory server, with a log of requests. */
export class CommitWorld {
  readonly clock = new ManualClock();
  readonly server: MemoryServer;
  readonly identity: Signer;
  /** Requests in the order in which they arrived. */
  readonly log: ServerOperation[] = [];

  private constructor(readonly crypto: CryptoProvider) {
    this.server = new MemoryServer(crypto, { now: () => this.clock.now() });
    this.identity = this.signer(1);
    this.server.registerIdentity(this.identity.publicKeyHash);
    this.server.hooks.before = (operation) => void this.log.push(operation);
  }

  static async create(): Promise<CommitWorld> {
    return new CommitWorld(await loadCrypto());
  }

  get owner(): PublicKeyHash {
    return this.identity.publicKeyHash;
  }

  /** The signer number `n`; the same in every world. */
  signer(n: number): Signer {
    return SigningKeyPair.fromSeed(this.crypto, new Uint8Array(32).fill(n)).signer;
  }

  session(options: Partial<WriteSessionOptions> = {}): WriteSession {
    return new WriteSession({
      owner: this.owner,
      blocks: this.server.blocks,
      pointers: this.server.pointers,
      crypto: this.crypto,
      clock: this.clock,
      random: seededRandom(1),
      ...options,
    });
  }

  /** Creates the identity's version and `count` child writers with trees of one entry; returns the children. */
  async populate(count = 0, session: WriteSession = this.session()): Promise<Signer[]> {
    await session.initialiseWriter(this.identity);
    const children = Array.from({ length: count }, (_, i) => this.signer(100 + i));
    for (const child of children) {
      await session.update([this.owner], (snapshot, committer) => createChildWriter(committer, snapshot, this.identity, child));
      await session.editTree(child, async (tree) => void (await tree.putBlock(mapKey(255), undefined, block('first'))));
    }
    this.log.length = 0;
    return children;
  }

  /** The server as it is now, without hooks: for looking at it. */
  view(): MemoryServer {
    return this.server.clone();
  }

  /** The target of a writer's pointer on the server. */
  async target(writer: PublicKeyHash, view: MemoryServer = this.view()): Promise<Cid | undefined> {
    const signed = await view.pointers.getPointer(this.owner, writer);
    return signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated;
  }

  /** The WriterData of a writer on the server. */
  async writerData(writer: PublicKeyHash, view: MemoryServer = this.view()): Promise<WriterData | undefined> {
    const target = await this.target(writer, view);
    return target === undefined ? undefined : WriterData.decode(await view.blocks.getBlock(target, { owner: this.owner }));
  }

  /** All blocks that a writer's pointer reaches, as text CIDs. Fails when one is missing. */
  async reachable(writer: PublicKeyHash, view: MemoryServer = this.view()): Promise<string[]> {
    const target = await this.target(writer, view);
    const cids: string[] = [];
    if (target === undefined) return cids;
    for await (const cid of reachableBlocks([target], view.blocks, { owner: this.owner })) {
      // Raw blocks are not loaded by the walk, so ask for every block.
      if (!view.hasBlock(this.owner, cid)) throw new Error(`${cid.toString()} is missing`);
      cids.push(cid.toString());
    }
    return cids;
  }

  /** The tree of a writer on the server: hex of the key to text of the CID. Fails when it is not complete. */
  async tree(writer: PublicKeyHash, view: MemoryServer = this.view()): Promise<Map<string, string>> {
    await this.reachable(writer, view);
    const entries = new Map<string, string>();
    const tree = (await this.writerData(writer, view))?.tree;
    if (tree === undefined) return entries;
    for await (const { key, value } of Champ.open(tree, view.blocks, { owner: this.owner }).entries()) entries.set(hex(key), String(value));
    return entries;
  }
}

/** A 32-byte map key made of one number. */
export function mapKey(n: number): Uint8Array {
  const key = new Uint8Array(32);
  // Spread, so that trees get several levels only when there are many keys.
  for (let i = 0; i < 32; i++) key[i] = (n * 167 + i * (n + 13)) & 255;
  key[31] = n & 255;
  key[30] = n >> 8;
  return key;
}

/** A small dag-cbor block. */
export function block(text: string): Uint8Array {
  return encodeCbor(['chunk', text]);
}

/** Lower-case hex. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A failure of the network that is safe to repeat. */
export function networkError(): PyrgosError {
  return new PyrgosError('network', 'the connection was lost', { retry: 'safe' });
}

/** The code of the error that `promise` rejects with, or `resolved`. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'resolved';
  } catch (error) {
    return error instanceof PyrgosError ? error.code : `unexpected ${String(error)}`;
  }
}
