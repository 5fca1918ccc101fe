import { isWireUsername } from '@pyrgos/core/accounts';
import { utf8Decode, utf8Encode } from '@pyrgos/core/bytes';
import { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { FormatError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { Champ, type ChampOptions, diffChamps } from '@pyrgos/core/model';
import type { BlockSink, BlockSource } from '@pyrgos/core/store';

/** Bytes of the BLAKE2b hash that places a name (chapter 05 section 17.3). */
const NAME_HASH_SIZE = 64;

/** A name whose chain is in another block than before, or new. */
export interface TreeChange {
  /** Undefined when the key is no name that an account can have. */
  readonly username: string | undefined;
  /** The block with the chain; undefined when the value is no link, or the name is gone. */
  readonly chain: Cid | undefined;
}

/**
 * The username tree of a PKI (chapter 05 section 17.3): a CHAMP from names to the blocks of their chains, placed by BLAKE2b-512 of the
 * name. It keeps no nodes in memory: a look-up or change reads one path.
 */
export class UsernameTree {
  private readonly options: ChampOptions;

  constructor(
    crypto: Pick<CryptoProvider, 'blake2b'>,
    private readonly source: BlockSource,
    /** The identity of the user `peergos`. */
    private readonly owner: PublicKeyHash,
  ) {
    this.options = { hashKey: (key) => crypto.blake2b(key, NAME_HASH_SIZE) };
  }

  /** Writes a tree with one name and returns its root. */
  async create(username: string, chain: Cid, sink: BlockSink): Promise<Cid> {
    const tree = Champ.empty(this.source, { owner: this.owner }, this.options);
    await tree.put(utf8Encode(username), undefined, chain);
    return tree.flush(sink);
  }

  /** The block with the chain of a name, or undefined. FormatError `format.champ` when the tree holds something else. */
  async get(root: Cid, username: string): Promise<Cid | undefined> {
    const value = await this.open(root).get(utf8Encode(username));
    if (value !== undefined && !(value instanceof Cid)) throw new FormatError('format.champ', 'username tree', 'must hold links');
    return value;
  }

  /**
   * Maps a name to another chain block and returns the new root; changed nodes go into `sink`. ConflictError `conflict.champ` when the
   * name is mapped to something else than `expected`.
   */
  async put(root: Cid, username: string, expected: Cid | undefined, chain: Cid, sink: BlockSink): Promise<Cid> {
    const tree = this.open(root);
    await tree.put(utf8Encode(username), expected, chain);
    return tree.flush(sink);
  }

  /** What differs in the tree `to`; everything when `from` is undefined. Reads only nodes that differ. */
  async *changes(from: Cid | undefined, to: Cid): AsyncGenerator<TreeChange, void, undefined> {
    for await (const { key, right } of diffChamps(from, to, this.source, { owner: this.owner }, this.options)) {
      const name = utf8Decode(key);
      yield { username: isWireUsername(name) ? name : undefined, chain: right instanceof Cid ? right : undefined };
    }
  }

  private open(root: Cid): Champ {
    return Champ.open(root, this.source, { owner: this.owner }, this.options);
  }
}
