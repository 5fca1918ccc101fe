import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCar } from '@pyrgos/core/codec';
import { loadCrypto, type CryptoProvider } from '@pyrgos/core/crypto';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { createReadStream } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FileBlockStorage } from '../blocks/file-block-storage.js';
import { LocalBlockStore } from '../blocks/local-block-store.js';
import { dataPaths } from '../config/data-paths.js';
import { GarbageCollector } from '../gc/garbage-collector.js';
import { PkiFiles } from '../pki/pki-files.js';
import { PkiNode } from '../pki/pki-node.js';
import { systemClock } from '../ports/clock.js';
import { QuotaTable } from '../space/quota-table.js';
import { Space } from '../space/space.js';
import { openDatabase } from '../sql/index.js';
import { DamagedBackupError, restoreBackup, writeBackup } from './index.js';
import { finishOrForget, stageOf } from './staged-restore.js';

const golden = goldenFolder();

interface StateFile {
  [name: string]: unknown;
  owners: { username: string; identity: string; writers: { writer: string; signedPointer: string; target: string }[] }[];
  usage: { username: string; totalBytes: number; errored: boolean }[];
  blocks: { count: number; bytes: number };
}

async function readJson(path: string): Promise<StateFile> {
  return JSON.parse(await readFile(path, 'utf8')) as StateFile;
}

describe.skipIf(golden === undefined)(`backup and restore of golden-1${golden === undefined ? ` (${goldenMissing})` : ''}`, () => {
  const source = golden ?? '';
  let crypto: CryptoProvider;
  let folder: string;

  beforeAll(async () => {
    crypto = await loadCrypto();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-backup-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const restore = async (from: string, directory: string) => restoreBackup({ source: from, directory, crypto, clock: systemClock });

  /** Opens a restored directory as a server would, without the network, and hands its parts to `use`. */
  const withServer = async <T>(
    directory: string,
    use: (server: { space: Space; garbage: GarbageCollector; backup: (target: string) => ReturnType<typeof writeBackup> }) => Promise<T>,
  ): Promise<T> => {
    const db = await openDatabase({ path: dataPaths.database(directory) });
    try {
      const storage = await FileBlockStorage.open({ root: dataPaths.blocks(directory), hasher: crypto, random: crypto });
      const local = new LocalBlockStore({ storage, db, clock: systemClock, random: crypto });
      const files = new PkiFiles(dataPaths.pki(directory));
      const node = new PkiNode({ db, crypto, clock: systemClock, local, files, maxDailySignups: 1 });
      const space = new Space({
        db,
        crypto,
        local,
        directory: node,
        quotas: new QuotaTable(db),
        clock: systemClock,
        uploadWindowSeconds: 1,
      });
      const logger = { info: () => undefined, warn: () => undefined };
      const garbage = new GarbageCollector({ db, storage, local, roots: space, hasher: crypto, clock: systemClock, logger });
      const backup = async (target: string) =>
        writeBackup({ db, storage, crypto, clock: systemClock, files, garbage, target, version: '0.1.0' });
      return await use({ space, garbage, backup });
    } finally {
      await db.close();
    }
  };

  test('restores everything: usage is what the reference counted, and a collection deletes nothing', async () => {
    const directory = join(folder, 'data');
    const summary = await restore(source, directory);
    // The reference booked other bytes for its PKI writer than are reachable from it; see the README of golden-1.
    expect(summary).toMatchObject({ users: 5, deletedNames: 0, recounted: ['peergos'], files: [], withoutLogin: [] });
    expect(await readdir(directory)).toEqual(expect.arrayContaining(['blocks', 'pki', 'pyrgos.sqlite']));
    expect((await stat(directory)).mode & 0o077).toBe(0);
    const state = await readJson(join(source, 'state.json'));
    await withServer(directory, async ({ space, garbage }) => {
      const users = state.usage.filter(({ username }) => username !== 'peergos');
      for (const { username, totalBytes } of users) expect(space.usageOf(username)?.totalBytes).toBe(totalBytes);
      const report = await garbage.collect();
      expect(report).toMatchObject({ deleted: 0, orphansDeleted: 0, missing: 0, failures: [] });
    });
  });

  test('a backup of the restored server says the same, block by block, and restores again', async () => {
    const directory = join(folder, 'data');
    await restore(source, directory);
    const target = join(folder, 'copy');
    const written = await withServer(directory, async ({ backup }) => backup(target));
    const [before, after] = [await readJson(join(source, 'state.json')), await readJson(join(target, 'state.json'))];
    const counts = { users: 5, deletedNames: 0, blocks: before.blocks.count, bytes: before.blocks.bytes };
    expect(written).toMatchObject(counts);
    expect(await readdir(target)).toEqual(['blocks.car', 'state.json', 'state.json.sha256']);
    expect((await stat(join(target, 'state.json'))).mode & 0o077).toBe(0);
    const pointers = (state: StateFile) =>
      state.owners
        .flatMap(({ username, writers }) => writers.map(({ writer, signedPointer }) => `${username} ${writer} ${signedPointer}`))
        .toSorted();
    expect(pointers(after)).toEqual(pointers(before));
    const sorted = (value: unknown) => (value as unknown[]).map((row) => JSON.stringify(row)).toSorted();
    for (const name of ['login', 'mfa', 'quotas']) expect(sorted(after[name])).toEqual(sorted(before[name]));
    expect(after['pki']).toMatchObject({ chains: (before['pki'] as { chains: unknown }).chains });
    expect(await cidsOf(join(target, 'blocks.car'))).toEqual(await cidsOf(join(source, 'blocks.car')));
    expect(await restore(target, join(folder, 'again'))).toMatchObject({ ...counts, recounted: [] });
  });

  test('a target or data directory that is in use is refused, and nothing in it changes', async () => {
    const directory = join(folder, 'data');
    await restore(source, directory);
    await expect(restore(source, directory)).rejects.toMatchObject({ code: 'storage' });
    await withServer(directory, async ({ backup }) => {
      await expect(backup(source)).rejects.toMatchObject({ code: 'storage' });
    });
  });

  describe('a damaged backup is refused with a list of what is wrong, and nothing changes', () => {
    let damaged: string;
    beforeEach(async () => {
      damaged = await mkdtemp(join(folder, 'damaged-'));
      for (const name of ['blocks.car', 'state.json']) await copyFile(join(source, name), join(damaged, name));
    });

    const refused = async (...texts: readonly (string | RegExp)[]): Promise<void> => {
      const directory = join(folder, 'data');
      const error: unknown = await restore(damaged, directory).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DamagedBackupError);
      for (const text of texts) expect((error as DamagedBackupError).problems.join('\n')).toMatch(text);
      expect(await readdir(directory).catch(() => [])).toEqual([]);
    };

    const edit = async (change: (state: StateFile) => void): Promise<void> => {
      const state = await readJson(join(damaged, 'state.json'));
      change(state);
      await writeFile(join(damaged, 'state.json'), JSON.stringify(state));
    };

    test('two flipped bits in the blocks: both are named', async () => {
      const file = await open(join(damaged, 'blocks.car'), 'r+');
      const { size } = await file.stat();
      for (const position of [Math.floor(size / 2), size - 100]) {
        const byte = Buffer.alloc(1);
        await file.read(byte, 0, 1, position);
        await file.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, position);
      }
      await file.close();
      await refused(/(bytes are damaged[\s\S]*){2}/);
    });

    test('blocks that end early', async () => {
      const { size } = await stat(join(damaged, 'blocks.car'));
      await truncate(join(damaged, 'blocks.car'), size - 5000);
      await refused(/blocks\.car/);
    });

    test('no CAR file at all, and no JSON', async () => {
      await writeFile(join(damaged, 'blocks.car'), 'rubbish');
      await writeFile(join(damaged, 'state.json'), '{');
      await refused(/blocks\.car/, /state\.json: is not JSON/);
    });

    test('a forged pointer, a foreign target, a wrong BAT id and a broken login row: all four are named', async () => {
      await edit((state) => {
        const [first, second] = state.owners[0]?.writers ?? [];
        if (first === undefined || second === undefined) throw new Error('golden-1 has changed');
        first.signedPointer = `AAAA${first.signedPointer.slice(4)}`;
        second.target = first.target;
        const bats = state['bats'] as { idCbor: string }[];
        if (bats[0] !== undefined && bats[1] !== undefined) bats[0].idCbor = bats[1].idCbor;
        (state['login'] as { entryPoints: string }[])[0] = { entryPoints: 'AA==' };
      });
      await refused(/writer z\S+: .*signature/i, /target/, /BAT/, /login\[0\]/);
    });

    test('a missing user, identity or chain', async () => {
      await edit((state) => {
        state.owners = state.owners.filter(({ username }) => username !== 'peergos');
      });
      await refused(/peergos is missing/);
    });

    test('a user of whom only the blocks are left', async () => {
      await edit((state) => {
        state.owners = state.owners.filter(({ username }) => username !== 'alice');
      });
      await refused(/owners, alice: is missing/);
      await edit((state) => {
        state['login'] = (state['login'] as { username: string }[]).filter(({ username }) => username !== 'alice');
      });
      await refused(/\d+ of \d+ blocks belong to nobody/);
    });

    test('a writer that is gone', async () => {
      await edit((state) => {
        state.owners.find(({ username }) => username === 'alice')?.writers.pop();
      });
      await refused(/\d+ of \d+ blocks belong to nobody/);
    });

    test('quotas, logins, BATs and tokens that do not fit to the users', async () => {
      await edit((state) => {
        for (const name of ['quotas', 'login', 'bats', 'mfa']) {
          const row = (state[name] as { username: string }[])[0];
          if (row !== undefined) row.username = `${row.username}x`;
        }
        (state['quotas'] as unknown[]).push((state['quotas'] as unknown[])[1]);
        const token = '../../x';
        state['signupTokens'] = [token, { token, createdMillis: 1 }];
      });
      await refused(
        /quotas, alice: is missing/,
        /quotas, bob: is listed twice/,
        /login, alicex: is no user/,
        /bats, \w+x: is no user/,
        /mfa, erinx: is no user/,
        /a token is listed twice/,
        /a token is not 64 lower-case hex digits/,
      );
    });

    test('a login that is gone is told: it may never have been there', async () => {
      await edit((state) => {
        state['login'] = (state['login'] as { username: string }[]).filter(({ username }) => username !== 'bob');
        // Reserves a name.
        (state['quotas'] as unknown[]).push({ username: 'zoe', bytes: 5 });
      });
      expect(await restore(damaged, join(folder, 'data'))).toMatchObject({ users: 5, withoutLogin: ['bob'] });
    });

    test('members of the wrong kind', async () => {
      await edit((state) => {
        state['quotas'] = [{ username: '../../etc', bytes: -1 }];
        state['followRequests'] = 'none';
      });
      await refused(/quotas\.0\.username/, /quotas\.0\.bytes/, /followRequests/);
    });

    test('a missing file names it', async () => {
      await rm(join(damaged, 'blocks.car'));
      await expect(restore(damaged, join(folder, 'data'))).rejects.toMatchObject({ code: 'storage', message: /blocks\.car/ });
    });
  });

  test('a restore that was killed is finished when it was complete, and forgotten when it was not', async () => {
    const [unfinished, complete] = [join(folder, 'unfinished'), join(folder, 'complete')];
    await restore(source, complete);
    for (const directory of [unfinished, complete]) await mkdir(stageOf(directory), { recursive: true });
    await writeFile(join(stageOf(unfinished), 'pyrgos.sqlite'), 'half');
    for (const name of ['pki', 'pyrgos.sqlite']) await rename(join(complete, name), join(stageOf(complete), name));
    await writeFile(join(stageOf(complete), 'complete'), '');
    for (const directory of [unfinished, complete]) await finishOrForget(directory);
    expect(await readdir(unfinished)).toEqual([]);
    expect(await readdir(complete)).toEqual(['blocks', 'pki', 'pyrgos.sqlite']);
  });
});

/** The sorted CIDs of a CAR file; the same blocks make the same list. */
async function cidsOf(path: string): Promise<string> {
  const cids: string[] = [];
  for await (const { cid } of readCar(createReadStream(path))) cids.push(cid.toString());
  return createHash('sha256').update(cids.toSorted().join()).digest('hex');
}
