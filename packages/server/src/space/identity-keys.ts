import type { CryptoProvider } from '@pyrgos/core/crypto';
import { NotFoundError } from '@pyrgos/core/errors';
import { type PublicKeyHash, type PublicSigningKey, resolveSigningKey } from '@pyrgos/core/keys';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { UserDirectory } from '../ports/user-directory.js';
import { localBlockSource } from '../ports/local-source.js';

/** What {@link IdentityKeys} needs. */
export interface IdentityKeysOptions {
  readonly crypto: CryptoProvider;
  readonly directory: UserDirectory;
  /** For identity keys that are blocks of their own (`legacy: read only`). */
  readonly local: LocalBlocks;
}

/** A user with the key that signs for it. */
export interface Identity {
  readonly username: string;
  readonly key: PublicSigningKey;
}

/** The keys with which requests about accounts are signed (chapter 02 section 3): always the current ones of the claim chain. */
export class IdentityKeys {
  constructor(private readonly options: IdentityKeysOptions) {}

  /** The identity of a user. NotFoundError `not-found.user`. */
  async ofUser(username: string): Promise<Identity> {
    const hash = await this.options.directory.identityOf(username);
    if (hash === undefined) throw new NotFoundError('not-found.user', 'No such user on this server.');
    return this.resolve(username, hash);
  }

  /**
   * The user whose current identity `owner` is. A former identity signs nothing any more. NotFoundError `not-found.key` with the text
   * `Unknown identity key: <hash>`.
   */
  async ofOwner(owner: PublicKeyHash): Promise<Identity> {
    const { directory } = this.options;
    const username = await directory.usernameOf(owner);
    const current = username === undefined ? undefined : await directory.identityOf(username);
    if (username === undefined || current === undefined || !current.equals(owner)) throw unknownIdentity(owner);
    return this.resolve(username, owner);
  }

  /** The name of a user under any identity that it has or had. NotFoundError as for {@link ofOwner}. */
  async nameOf(owner: PublicKeyHash): Promise<string> {
    const username = await this.options.directory.usernameOf(owner);
    if (username === undefined) throw unknownIdentity(owner);
    return username;
  }

  private async resolve(username: string, hash: PublicKeyHash): Promise<Identity> {
    const { crypto, local } = this.options;
    const lookup = { hasher: crypto, blocks: localBlockSource(local, username), context: { owner: hash } };
    return { username, key: await resolveSigningKey(hash, lookup) };
  }
}

function unknownIdentity(owner: PublicKeyHash): NotFoundError {
  return new NotFoundError('not-found.key', `Unknown identity key: ${owner.toString()}`);
}
