import type { BatWithId, Signer } from '@pyrgos/core/keys';

/** The mirror BATs of an account (chapter 02 section 6), which its identity key asks for. */
export interface Bats {
  /** Oldest first; the last one is the current one. */
  list(username: string, identity: Signer, signal?: AbortSignal): Promise<readonly BatWithId[]>;
  /** Adds one. Adding it again changes nothing. */
  add(username: string, bat: BatWithId, identity: Signer, signal?: AbortSignal): Promise<void>;
}
