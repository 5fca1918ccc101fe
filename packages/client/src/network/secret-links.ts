import type { LinkCounts } from '@pyrgos/core/accounts';
import type { BatWithId, PublicKeyHash } from '@pyrgos/core/keys';
import type { EncryptedCapability } from '@pyrgos/core/model';

/** Secret links as the server sees them (chapter 02 sections 5.2, 5.8 and 5.9): it never has the password. */
export interface SecretLinks {
  /** Host, with port if there is one, under which links of this owner are served. The server's word. */
  host(owner: PublicKeyHash, signal?: AbortSignal): Promise<string>;
  /**
   * What is behind a link. Counts as a retrieval, so it is never repeated. NotFoundError `not-found.link`; DeniedError `denied.link` for an
   * expired or used-up one.
   */
  get(owner: PublicKeyHash, label: bigint, signal?: AbortSignal): Promise<EncryptedCapability>;
  /** How often the links of a user were opened since `after`, seconds since the epoch; for the holder of the current mirror BAT. */
  counts(username: string, after: bigint, mirrorBat: BatWithId, signal?: AbortSignal): Promise<LinkCounts>;
}
