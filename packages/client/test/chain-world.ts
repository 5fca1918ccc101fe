import { UserPublicKeyLink } from '@pyrgos/core/accounts';
import { Cid, CidCodec } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { type PublicKeyHash, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import type { BlockSource } from '@pyrgos/core/store';
import type { UserDirectory } from '../src/session/tofu-key-store.js';
import type { Chain } from '../src/session/user-chain.js';
import { ManualClock } from './commit-world.js';

/** A server that says what a test wants it to say about users. */
export class ChainWorld implements UserDirectory {
  readonly clock = new ManualClock();
  /** What the server shows. */
  readonly shown = new Map<string, readonly UserPublicKeyLink[]>();
  readonly names = new Map<string, string>();
  /** Whether the server can be reached. */
  isReachable = true;
  /** Questions so far. */
  questions = 0;

  readonly blocks: BlockSource = {
    getBlock: async () => {
      throw new NotFoundError('not-found.block', 'there are no blocks here');
    },
  };

  private constructor(
    readonly crypto: CryptoProvider,
    readonly server: Cid,
  ) {}

  static async create(): Promise<ChainWorld> {
    const crypto = await loadCrypto();
    return new ChainWorld(crypto, Cid.ofSha256(crypto.sha256(Uint8Array.of(1)), CidCodec.libp2pKey));
  }

  signer(n: number): Signer {
    return SigningKeyPair.fromSeed(this.crypto, new Uint8Array(32).fill(n)).signer;
  }

  /** A first claim of `username` by key `n`. */
  initial(username: string, n: number, expiry = '2030-01-31'): Chain {
    return [UserPublicKeyLink.createInitial(this.crypto, this.signer(n), username, expiry, [this.server])];
  }

  /** The chain after key `n` has handed over to key `next`. */
  handedOver(username: string, n: number, next: number, expiry = '2030-03-31'): Chain {
    const [first, ...rest] = UserPublicKeyLink.createChain(this.crypto, this.signer(n), this.signer(next), username, expiry, [this.server]);
    return [first, ...rest];
  }

  async getChain(username: string): Promise<readonly UserPublicKeyLink[]> {
    this.ask();
    return this.shown.get(username) ?? [];
  }

  async getUsername(identity: PublicKeyHash): Promise<string> {
    this.ask();
    const name = this.names.get(identity.key);
    if (name === undefined) throw new NotFoundError('not-found.user', 'Unknown identity key');
    return name;
  }

  private ask(): void {
    this.questions++;
    if (!this.isReachable) throw new PyrgosError('network', 'the server cannot be reached', { data: { reason: 'unreachable' } });
  }
}
