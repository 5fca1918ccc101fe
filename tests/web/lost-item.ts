import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { UserSession } from '@pyrgos/client';
import { itemAt } from '../../packages/client/test/item-at.js';
import { blockPath } from '../../packages/server/src/blocks/block-paths.js';
import { openDatabase } from '../../packages/server/src/sql/index.js';
import type { WebWorld } from './web-world.js';

/** Deletes the block of what is at a path of a session from the disk of the server, which is started anew: what a disk does that goes bad. */
export async function loseItem({ daemon }: WebWorld, session: UserSession, path: string): Promise<void> {
  const { cid } = await itemAt(session, path);
  await daemon.kill();
  const db = await openDatabase({ path: join(daemon.dataDirectory, 'pyrgos.sqlite') });
  db.prepare('DELETE FROM blocks WHERE cid = ?').run(cid.bytes);
  await db.close();
  await rm(blockPath(join(daemon.dataDirectory, 'blocks'), session.username, cid).file);
  await daemon.restart();
}
