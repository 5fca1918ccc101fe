import type { UserPublicKeyLink } from '@pyrgos/core/accounts';
import type { PublicKeyHash } from '@pyrgos/core/keys';

/** Who is who: the public key infrastructure as the rest of the server reads it (chapter 05 sections 16 and 17). */
export interface UserDirectory {
  /** The current identity of a user: the owner of the last link of the chain; undefined for an unknown name. */
  identityOf(username: string): Promise<PublicKeyHash | undefined>;
  /** The name that any identity of a chain, current or former, belongs to. */
  usernameOf(identity: PublicKeyHash): Promise<string | undefined>;
  /** The whole chain, oldest link first; empty for an unknown name. */
  chainOf(username: string): Promise<readonly UserPublicKeyLink[]>;
  /** All registered names, sorted. */
  usernames(): Promise<readonly string[]>;
}
