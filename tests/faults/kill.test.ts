/** kill -9 at random points of a write load: nothing acknowledged is lost, what a pointer reaches is whole, and usage stays exact. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cid } from '@pyrgos/core/codec';
import { decodeCbor, linksOf } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { seededRandom } from '@pyrgos/testkit/random';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DaemonProcess, type NewAccount, startDaemonProcess, WireClient, WireError, type WireWriter } from '@pyrgos/testkit/server';

const USERS = 4;
const KILLS = 8;
const SEED = 20_261_126;

/** One user and the last pointer that it was told is set. */
interface Session {
  readonly account: NewAccount;
  readonly writer: WireWriter;
  commits: number;
}

let folder: string;
let daemon: DaemonProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrgos-kill-'));
  daemon = await startDaemonProcess({ 'max-users': String(USERS), 'gc.period.millis': '1000' }, join(folder, 'data'));
}, 180_000);
afterEach(async () => {
  await daemon?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

test('a server that is killed again and again under load', { timeout: 240_000 }, async () => {
  if (daemon === undefined) throw new Error('no server');
  const server = daemon;
  const crypto = await loadCrypto();
  const random = seededRandom(SEED);
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.nextInteger(256));
  let client = new WireClient(server.url, crypto);
  const sessions: Session[] = [];
  for (let i = 0; i < USERS; i++) {
    const account = await client.signUp(`user-${i}`);
    sessions.push({ account, writer: client.homeWriter(account), commits: 0 });
  }

  /** Commits until the server is gone. */
  const work = async (session: Session): Promise<void> => {
    for (;;) {
      const contents = Array.from({ length: 1 + random.nextInteger(6) }, () => bytes(1 + random.nextInteger(20_000)));
      try {
        await client.commit(session.account, session.writer, contents);
        session.commits++;
      } catch (error) {
        // An answer in place of a broken connection would be a refusal of a correct request.
        if (error instanceof WireError) throw error;
        return;
      }
    }
  };

  /** After a restart: the last acknowledged commit, or the one under way, is what the server has, whole and counted. */
  const check = async (session: Session): Promise<void> => {
    const { account, writer } = session;
    const pointer = await client.getPointer(account, writer.signer);
    const before = writer.pointer?.sequence ?? 0;
    expect([before, before + 1]).toContain(pointer?.sequence);
    const target = pointer?.updated;
    if (target === undefined) throw new Error('the pointer is gone');
    if (pointer?.sequence === before) expect(writer.pointer?.updated?.equals(target)).toBe(true);
    writer.pointer = pointer;
    let size = 0;
    for (const root of [target, account.targets.identity]) size += await sizeOfTree(account, root);
    expect(await client.usage(account)).toBe(size);
  };

  const sizeOfTree = async (account: NewAccount, cid: Cid): Promise<number> => {
    const block = await client.get(account, cid);
    if (block === undefined) throw new Error(`block ${cid.toString()} is gone`);
    let size = block.length;
    if (cid.codec !== 0x55) {
      for (const link of linksOf(decodeCbor(block))) if (!link.isIdentity) size += await sizeOfTree(account, link);
    }
    return size;
  };

  for (let round = 0; round < KILLS; round++) {
    const load = Promise.all(sessions.map(work));
    await new Promise((resolve) => setTimeout(resolve, 200 + random.nextInteger(900)));
    await server.kill();
    await load;
    client.close();
    await server.restart();
    client = new WireClient(server.url, crypto);
    for (const session of sessions) await check(session);
  }
  expect(sessions.every(({ commits }) => commits > 0)).toBe(true);
  client.close();
});
