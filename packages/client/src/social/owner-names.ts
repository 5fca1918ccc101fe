import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { isDamage, type View } from '../files/view/index.js';
import { type Account, keyStoreOf } from '../session/index.js';
import { isWriterOf } from './owned-writer-check.js';

/** Whose identities and writing spaces are whose; what is found out is remembered for the session. */
export class OwnerNames {
  private readonly names = new Map<string, string>();
  private readonly owned = new Set<string>();

  constructor(private readonly account: Account) {}

  /** The user who has, or had, an identity key, verified; undefined when nobody can be shown to. Errors: `network` and the like. */
  async nameOf(identity: PublicKeyHash): Promise<string | undefined> {
    const known = this.names.get(identity.key);
    if (known !== undefined) return known;
    try {
      const name = await (await keyStoreOf(this.account)).getUsername(identity);
      this.names.set(identity.key, name);
      return name;
    } catch (error) {
      if (error instanceof NotFoundError || isDamage(error)) return undefined;
      throw error;
    }
  }

  /** {@link OwnerNames.nameOf} as far as it was found out before. */
  knownName(identity: PublicKeyHash): string | undefined {
    return this.names.get(identity.key);
  }

  /** The identity key that a user has now, asked for anew; undefined for an unknown user, or a change that the old key has not signed. */
  async currentIdentity(username: string): Promise<PublicKeyHash | undefined> {
    try {
      const store = await keyStoreOf(this.account);
      await store.refresh(username);
      return await store.getIdentity(username);
    } catch (error) {
      if (error instanceof PyrgosError && isDamage(error)) return undefined;
      throw error;
    }
  }

  /** Whether a writing space is one of this owner (chapter 06 section 2.2): what others pass on of him must be his. */
  async owns(view: View, owner: PublicKeyHash, writer: PublicKeyHash): Promise<boolean> {
    const key = `${owner.key}${writer.key}`;
    if (this.owned.has(key)) return true;
    if ((await isWriterOf(view, owner, writer)) !== true) return false;
    this.owned.add(key);
    return true;
  }
}
