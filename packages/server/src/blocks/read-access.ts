import type { Hasher } from '@pyrgos/core/crypto';
import type { Bat, BatId, BatWithId } from '@pyrgos/core/keys';
import type { BatTable } from '../bats/bat-table.js';

/** What decides about reads. */
export interface ReadAccessOptions {
  readonly hasher: Hasher;
  readonly bats: Pick<BatTable, 'secretOf'>;
  /** The BAT that opens every block of this server. */
  readonly instanceBat?: Bat | undefined;
}

/**
 * Who may read a block (chapter 02 section 5.5, chapter 08 section 4.7). The client sends the BAT itself, so its secret is compared, in
 * constant time; signing and verifying it with our own node id, as the reference does, gives the same answer.
 *
 * The exception for mirror BATs that are not stored here holds for raw blocks too: who knows a secret of which the block lists the
 * hash holds the mirror BAT, and chapter 08 makes no difference.
 */
export class ReadAccess {
  constructor(private readonly options: ReadAccessOptions) {}

  /** Whether `presented` opens a block that lists `batIds`. */
  allows(batIds: readonly BatId[], presented: BatWithId | undefined): boolean {
    if (batIds.length === 0) return true;
    if (presented === undefined) return false;
    const { bat, id: presentedId } = presented;
    const mirrorId = bat.mirrorId(this.options.hasher);
    // No early end: how long it takes does not tell which of the ids fits.
    let opens = this.options.instanceBat?.equals(bat) === true;
    for (const id of batIds) {
      const inline = id.inlineBat;
      const stored = inline === undefined && id.equals(presentedId) ? this.options.bats.secretOf(id) : inline;
      if (stored?.equals(bat) === true) opens = true;
      if (id.equals(mirrorId)) opens = true;
    }
    return opens;
  }
}
