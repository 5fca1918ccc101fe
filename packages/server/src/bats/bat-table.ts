import { decodeCid } from '@pyrgos/core/codec';
import { Bat, BatId, BatWithId } from '@pyrgos/core/keys';
import { LimitError } from '@pyrgos/core/errors';
import { MAX_MIRROR_BATS } from '../limits.js';
import { readBytes, readInteger } from '../sql/sql-values.js';
import type { SqlDatabase } from '../sql/sql-database.js';

/** The stored mirror BATs (chapter 02 section 6). Nothing is checked here. Changes become durable with the next `durable()`. */
export class BatTable {
  constructor(private readonly db: SqlDatabase) {}

  /** Adds a BAT of a user as the newest one; a BAT that is there already stays where it is. LimitError beyond MAX_MIRROR_BATS. */
  add(username: string, { bat, id }: BatWithId): void {
    this.db.transaction(() => {
      const { changes } = this.db
        .prepare('INSERT INTO bats (username, id, bat) VALUES (?, ?, ?) ON CONFLICT (id, username) DO NOTHING')
        .run(username, id.cid.bytes, bat.secret);
      if (changes === 0) return;
      const row = this.db.prepare('SELECT count(*) AS count FROM bats WHERE username = ?').get(username);
      const count = row === undefined ? 0 : readInteger(row, 'count');
      if (count > MAX_MIRROR_BATS) throw new LimitError('number of mirror BATs', count, MAX_MIRROR_BATS);
    });
  }

  /** The BATs of a user, oldest first. */
  list(username: string): readonly BatWithId[] {
    return this.db
      .prepare('SELECT id, bat FROM bats WHERE username = ? ORDER BY seq LIMIT ?')
      .all(username, MAX_MIRROR_BATS)
      .map((row) => BatWithId.of(Bat.of(readBytes(row, 'bat')), BatId.fromCid(decodeCid(readBytes(row, 'id')))));
  }

  /** The mirror BAT that a user uses now: the newest one. */
  current(username: string): BatWithId | undefined {
    return this.list(username).at(-1);
  }

  /** The secret stored under an id, whoever it belongs to. */
  secretOf(id: BatId): Bat | undefined {
    const row = this.db.prepare('SELECT bat FROM bats WHERE id = ? LIMIT 1').get(id.cid.bytes);
    return row === undefined ? undefined : Bat.of(readBytes(row, 'bat'));
  }
}
