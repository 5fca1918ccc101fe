import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concatBytes, equalBytes } from '@pyrgos/core/bytes';
import { formatBlockStoreName } from '@pyrgos/core/codec';
import type { PyrgosError } from '@pyrgos/core/errors';
import { seededRandom } from '@pyrgos/testkit/random';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crypto, rawBlock } from '../../test/block-fixture.js';
import { FaultyFileSystem, type FileSystemCall, systemError } from '../../test/faulty-file-system.js';
import { JOURNALED_BLOCK_SIZE } from '../limits.js';
import type { StoredBlock } from '../ports/local-blocks.js';
import { type JournalSizes, journalSizes } from './block-journal.js';
import { FileBlockStorage } from './file-block-storage.js';

/** Segments that are full after ten blocks, and given up only in a hurry: when there are two of the four. */
const small: JournalSizes = { ...journalSizes, segmentBlocks: 10 };

let folder: string;
let root: string;
let journal: string;
let fileSystem: FaultyFileSystem;
let storage: FileBlockStorage;
let problems: PyrgosError[];
let finals: boolean[];
let needed: boolean;

const open = async (sizes: JournalSizes = small): Promise<FileBlockStorage> =>
  FileBlockStorage.open({
    root,
    hasher: crypto,
    random: crypto,
    fileSystem,
    journal: sizes,
    isNeeded: () => needed,
    onProblem: (error, isFinal) => {
      problems.push(error);
      finals.push(isFinal);
    },
  });
const reopen = async (sizes: JournalSizes = small): Promise<void> => {
  await storage.close();
  storage = await open(sizes);
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrgos-journal-'));
  root = join(folder, 'blocks');
  journal = join(root, '.journal');
  fileSystem = new FaultyFileSystem();
  problems = [];
  finals = [];
  needed = true;
  storage = await open();
});
afterEach(async () => {
  fileSystem.before = () => undefined;
  await storage.close();
  expect(fileSystem.openNow).toBe(0);
  await rm(folder, { recursive: true });
});

const fileOf = ({ cid }: StoredBlock, username = 'alice'): string => {
  const name = formatBlockStoreName(cid);
  return join(root, username, name.slice(-2, -1), `${name}.data`);
};
const blocks = (count: number, label = 'block'): StoredBlock[] => Array.from({ length: count }, (_, i) => rawBlock(`${label} ${i}`));
const segments = async (): Promise<string[]> => (await readdir(journal)).toSorted();
const segment = async (): Promise<string> => join(journal, (await segments())[0] ?? 'none');
const calls = (name: FileSystemCall['name']): string[] =>
  fileSystem.calls.filter((call) => call.name === name).map(({ path }) => path ?? '');
const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
};
const expectAll = async (all: readonly StoredBlock[], username = 'alice'): Promise<void> => {
  for (const { cid, bytes } of all) expect(await storage.get(username, cid)).toEqual(bytes);
};

describe('giving up a segment', () => {
  test('happens when the journal is half full: its files are synced, then their folders, and then it is gone', async () => {
    const all = [0, 1, 2, 3].map((i) => blocks(10, `batch ${i}`));
    for (const batch of all) await storage.putMany('alice', batch);
    await until(async () => (await segments()).length === 1);
    const given = all.slice(0, 3).flat();
    expect(calls('syncFile').toSorted()).toEqual(given.map((block) => fileOf(block)).toSorted());
    const names = fileSystem.calls.map(({ name, path = '' }) => `${name} ${path}`);
    for (const block of all[0] ?? []) {
      const [file, synced] = [fileOf(block), join(fileOf(block), '..')];
      expect(names.indexOf(`syncFile ${file}`)).toBeGreaterThan(-1);
      expect(names.indexOf(`syncFolder ${synced}`)).toBeGreaterThan(names.indexOf(`syncFile ${file}`));
      expect(names.indexOf(`unlink ${join(journal, '000000000001')}`)).toBeGreaterThan(names.indexOf(`syncFolder ${synced}`));
    }
    for (const path of [join(root, 'alice'), root]) expect(calls('syncFolder')).toContain(path);
    await expectAll(all.flat());
    expect(problems).toEqual([]);
  });

  test('happens when it is old, however little is in it', async () => {
    await reopen({ ...journalSizes, age: 20 });
    await storage.putMany('alice', blocks(3));
    expect((await segments()).length).toBe(1);
    await until(async () => (await segments()).length === 0);
    expect(calls('syncFile').length).toBe(3);
    await storage.putMany('alice', blocks(3, 'more'));
    await until(async () => (await segments()).length === 0);
    await expectAll([...blocks(3), ...blocks(3, 'more')]);
  });

  test('waits for the puts that are going on', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = rawBlock('slow');
    let isHeld = false;
    fileSystem.before = ({ name, path }) => {
      if (name !== 'rename' || path !== fileOf(slow)) return undefined;
      isHeld = true;
      return held;
    };
    const put = storage.putMany('alice', [slow]);
    await until(async () => isHeld);
    for (let i = 0; i < 6; i++) await storage.putMany('alice', blocks(10, `batch ${i}`));
    await new Promise((resolve) => setTimeout(resolve, 50));
    // The journal is full, because its oldest segment cannot go.
    expect((await segments()).filter((name) => !name.endsWith('.syncing'))).toContain('000000000001');
    release();
    await put;
    await until(async () => !(await segments()).includes('000000000001'));
    expect(calls('syncFile')).toContain(fileOf(slow));
  });

  test('blocks that were deleted meanwhile are no problem', async () => {
    for (let i = 0; i < 4; i++) {
      await storage.putMany('alice', blocks(10, `batch ${i}`));
      await storage.deleteMany(
        'alice',
        blocks(10, `batch ${i}`).map(({ cid }) => cid),
      );
    }
    await until(async () => (await segments()).length === 1);
    expect(problems).toEqual([]);
  });

  test('a file that the disk does not take is written anew, from the journal', async () => {
    const lost = blocks(10, 'batch 0')[3]!;
    let written = 0;
    fileSystem.before = ({ name, path, flags }) => {
      if (name === 'syncFile' && path === fileOf(lost)) throw systemError('EIO');
      if (name === 'open' && flags === 'wxs') written++;
    };
    for (let i = 0; i < 4; i++) await storage.putMany('alice', blocks(10, `batch ${i}`));
    await until(async () => (await segments()).length === 1);
    expect([written, problems]).toEqual([1, []]);
    await expectAll([lost]);
  });

  test('when the disk does not take it at all, it is told, the segment stays, and the next start trusts none of its files', async () => {
    fileSystem.before = ({ name, flags }) => {
      if (name === 'syncFile' || flags === 'wxs') throw systemError('EIO');
    };
    for (let i = 0; i < 3; i++) await storage.putMany('alice', blocks(10, `batch ${i}`));
    await until(async () => problems.length > 0);
    expect(problems[0]).toMatchObject({ code: 'storage', data: { system: 'EIO' } });
    expect(await segments()).toContain('000000000001.syncing');
    fileSystem.before = () => undefined;
    fileSystem.calls.length = 0;
    await reopen();
    for (const block of blocks(10, 'batch 0')) expect(calls('rename')).toContain(fileOf(block));
    await expectAll(blocks(10, 'batch 0'));
  });

  test('what failed for another reason is tried again, and the journal is as before', async () => {
    await reopen({ ...small, retry: 5 });
    let failures = 0;
    const [open, folder, mark] = ['syncFile', 'syncFolder', 'open'];
    for (const name of [mark, open, folder]) {
      fileSystem.before = (call) => {
        const isOurs = call.name === name && (name !== mark || call.path?.endsWith('.syncing') === true);
        if (!isOurs || call.path === journal) return;
        failures++;
        throw systemError('EMFILE');
      };
      for (let i = 0; i < 3; i++) await storage.putMany('alice', blocks(10, `${name} ${i}`));
      const before = failures;
      await until(async () => failures > before + 3);
      fileSystem.before = () => undefined;
      await until(async () => (await segments()).length === 1);
      for (let i = 0; i < 3; i++) await expectAll(blocks(10, `${name} ${i}`));
    }
    expect(problems.every((problem) => problem.data['system'] === 'EMFILE')).toBe(true);
    expect(finals).toEqual(problems.map(() => false));
  });

  test('a disk that is read-only for a while: puts fail, reads go on, and then everything is as before', async () => {
    for (const isQuick of [false, true]) {
      fileSystem.isQuick = isQuick;
      await reopen({ ...small, retry: 5 });
      const before = blocks(5, `before ${isQuick}`);
      await storage.putMany('alice', before);
      // What begins before may end in the middle, and then waits for its age.
      await until(async () => (await segments()).length === 1);
      fileSystem.before = ({ name, flags }) => {
        const reads = ['list', 'stat', 'read', 'readNow', 'size', 'close'].includes(name) || (name === 'open' && flags === 'r');
        if (!reads) throw systemError('EROFS');
      };
      for (let i = 0; i < 6; i++) {
        const refused = { code: 'storage', data: { system: 'EROFS' } };
        await expect(storage.putMany('alice', blocks(5, `refused ${i}`))).rejects.toMatchObject(refused);
        await expect(storage.putMany('alice', [rawBlock('large '.repeat(JOURNALED_BLOCK_SIZE))])).rejects.toMatchObject(refused);
        await expect(storage.deleteMany('alice', [before[0]!.cid])).rejects.toMatchObject(refused);
        await expectAll(before);
      }
      fileSystem.before = () => undefined;
      await until(async () => (await segments()).length <= 1);
      for (let i = 0; i < 3; i++) await storage.putMany('alice', blocks(10, `after ${isQuick} ${i}`));
      for (let i = 0; i < 3; i++) await expectAll(blocks(10, `after ${isQuick} ${i}`));
      await expectAll(before);
      expect(finals).not.toContain(true);
    }
  });

  test('a file whose sync has failed is not trusted later, when it seems to succeed', async () => {
    await reopen({ ...small, retry: 5 });
    const lost = blocks(10, 'batch 0')[3]!;
    let isRefusing = true;
    let syncs = 0;
    let rewritten = 0;
    fileSystem.before = ({ name, path, flags }) => {
      if (name === 'syncFile' && path === fileOf(lost) && syncs++ === 0) throw systemError('EIO');
      if (flags !== 'wxs') return;
      rewritten++;
      if (isRefusing) throw systemError('ENOSPC');
    };
    for (let i = 0; i < 3; i++) await storage.putMany('alice', blocks(10, `batch ${i}`));
    await until(async () => syncs > 2);
    isRefusing = false;
    rewritten = 0;
    await until(async () => (await segments()).length === 1);
    expect(rewritten).toBe(1);
    await expectAll([lost]);
  });

  test('when the disk does not take the names, nothing is believed until the next start', async () => {
    await reopen({ ...small, retry: 5 });
    fileSystem.before = ({ name, path }) => {
      if (name === 'syncFolder' && path !== journal) throw systemError('EIO');
    };
    for (let i = 0; i < 3; i++) await storage.putMany('alice', blocks(10, `batch ${i}`));
    await until(async () => finals.includes(true));
    fileSystem.before = () => undefined;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await segments()).toContain('000000000001.syncing');
    fileSystem.calls.length = 0;
    await reopen();
    for (const block of blocks(10, 'batch 0')) expect(calls('rename')).toContain(fileOf(block));
  });

  test('a full journal takes nothing: files are synced one by one, and nothing is lost', async () => {
    await reopen({ ...small, segments: 1 });
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    fileSystem.before = ({ name }) => (name === 'syncFile' ? held : undefined);
    fileSystem.calls.length = 0;
    for (let i = 0; i < 5; i++) await storage.putMany('alice', blocks(10, `batch ${i}`));
    expect(fileSystem.calls.filter(({ flags }) => flags === 'wxs').length).toBe(40);
    await storage.putMany('alice', blocks(11));
    release();
    await until(async () => (await segments()).length === 0);
    for (let i = 0; i < 5; i++) await expectAll(blocks(10, `batch ${i}`));
  });
});

describe('a start', () => {
  test('gets back what a power failure took, and damaged files right', async () => {
    const all = blocks(9);
    await storage.putMany('alice', all);
    await storage.putMany('bob', all.slice(0, 1));
    await rm(join(root, 'bob'), { recursive: true });
    await rm(fileOf(all[0]!));
    await truncate(fileOf(all[1]!), 3);
    await writeFile(fileOf(all[2]!), new Uint8Array(all[2]!.bytes.length));
    await appendFile(fileOf(all[3]!), 'more');
    fileSystem.calls.length = 0;
    await reopen();
    expect(calls('rename').length).toBe(5);
    await expectAll(all);
    await expectAll(all.slice(0, 1), 'bob');
  });

  test('does not bring back what nobody needs, but repairs it if it is there', async () => {
    const [gone, damaged] = blocks(2);
    await storage.putMany('alice', [gone!, damaged!]);
    await storage.deleteMany('alice', [gone!.cid]);
    await truncate(fileOf(damaged!), 3);
    needed = false;
    await reopen();
    expect(await storage.has('alice', gone!.cid)).toBe(false);
    await expectAll([damaged!]);
  });

  test('a second and a third time changes nothing', async () => {
    await storage.putMany('alice', blocks(9));
    for (let i = 0; i < 3; i++) {
      fileSystem.calls.length = 0;
      await reopen();
      expect(calls('rename')).toEqual([]);
      await expectAll(blocks(9));
    }
    expect((await segments()).length).toBe(1);
  });

  test('goes on with new segments behind the old ones, which are given up when it is time', async () => {
    await storage.putMany('alice', blocks(9));
    await reopen();
    await storage.putMany('alice', blocks(9, 'more'));
    await until(async () => !(await segments()).includes('000000000001'));
    await until(async () => (await segments()).length === 1);
    await expectAll([...blocks(9), ...blocks(9, 'more')]);
  });

  test('fails when a block cannot be restored, and nothing is lost', async () => {
    await storage.putMany('alice', blocks(3));
    await rm(fileOf(blocks(3)[1]!));
    await storage.close();
    fileSystem.before = ({ name }) => {
      if (name === 'write') throw systemError('ENOSPC');
    };
    await expect(open()).rejects.toMatchObject({ code: 'storage', data: { system: 'ENOSPC' } });
    fileSystem.before = () => undefined;
    storage = await open();
    await expectAll(blocks(3));
  });

  test('an end in the middle of a put leaves its segment to the next start', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    fileSystem.before = ({ name }) => (name === 'datasync' ? held : undefined);
    const put = storage.putMany('alice', blocks(3));
    const closed = storage.close();
    release();
    await Promise.all([put, closed]);
    // Afterwards there is no journal any more, but there are puts.
    await storage.putMany('alice', blocks(3, 'late'));
    storage = await open();
    await expectAll([...blocks(3), ...blocks(3, 'late')]);
  });
});

describe('segments that are not whole', () => {
  /** What is left of three blocks in two puts when their segment is `content` and their files are gone. */
  const survivors = async (content: Uint8Array): Promise<boolean[]> => {
    await storage.close();
    await rm(join(root, 'alice'), { recursive: true, force: true });
    await writeFile(join(journal, '000000000001'), content);
    storage = await open();
    const found: boolean[] = [];
    for (const { cid, bytes } of blocks(3)) {
      const read = await storage.get('alice', cid);
      if (read !== undefined) expect(read).toEqual(bytes);
      found.push(read !== undefined);
    }
    return found;
  };
  const content = async (): Promise<Uint8Array> => {
    await storage.putMany('alice', blocks(2));
    await storage.putMany('alice', [blocks(3)[2]!]);
    return new Uint8Array(await readFile(await segment()));
  };

  test('cut anywhere: what is before the cut is there', async () => {
    const whole = await content();
    expect(await survivors(whole)).toEqual([true, true, true]);
    const { nextInteger } = seededRandom(3);
    let before = [false, false, false];
    for (const length of [0, 1, 7, 8, 23, 24, ...Array.from({ length: 40 }, () => nextInteger(400)), 4095, 4096, 4097, 4300, 8191].sort(
      (a, b) => a - b,
    )) {
      const found = await survivors(whole.subarray(0, length));
      // More of the file is never less of the blocks, and they come in order.
      expect(found.map((is, i) => is || !(before[i] ?? false))).toEqual([true, true, true]);
      expect(found.toSorted((a, b) => Number(b) - Number(a))).toEqual(found);
      before = found;
    }
    expect(before).toEqual([true, true, true]);
  });

  test('any byte wrong: never wrong bytes, and what was written before it is there', async () => {
    const whole = await content();
    for (let at = 0; at < 4400; at += at < 400 || at >= 4096 ? 7 : 300) {
      const damaged = whole.slice();
      // The version: see below.
      if (at === 7) continue;
      damaged[at] = (damaged[at] ?? 0) ^ 0x41;
      const found = await survivors(damaged);
      if (at >= 4096) expect(found.slice(0, 2)).toEqual([true, true]);
      // Behind the salt no byte matters to more than the record that it is in.
      if (at >= 24) expect(found.filter((is) => !is).length, `byte ${at}`).toBeLessThanOrEqual(1);
    }
  });

  test('zeros where a put should be: the other one is there', async () => {
    const whole = (await content()).slice();
    expect(await survivors(concatBytes(whole.subarray(0, 4096), new Uint8Array(4096)))).toEqual([true, true, false]);
    whole.fill(0, 24, 4096);
    expect(await survivors(whole)).toEqual([false, false, true]);
  });

  test('what users store cannot look like a record', async () => {
    const whole = await content();
    const [first] = blocks(1);
    // A block whose content is another segment with a record for somebody else, at any offset.
    const forged = [0, 5, 24].map((shift) => rawBlock(concatBytes(new Uint8Array(shift), whole.subarray(shift))));
    for (const block of forged) await storage.putMany('alice', [block]);
    const damaged = new Uint8Array(await readFile(await segment()));
    await storage.close();
    await rm(join(root, 'alice'), { recursive: true });
    // The head of the record around it is damaged.
    damaged.fill(0xff, 8192, 8192 + 40);
    await writeFile(await segment(), damaged);
    storage = await open();
    expect(await storage.has('bob', first!.cid)).toBe(false);
    const found: string[] = [];
    for await (const cid of storage.list('alice')) found.push(cid.toString());
    expect(found.toSorted()).toEqual([...blocks(3), ...forged.slice(1)].map(({ cid }) => cid.toString()).toSorted());
  });

  test('many places that look like records take no long time, and none is one', async () => {
    const head = concatBytes(Uint8Array.of(1, 36, 0, 0, 0, 0, 0x61, 1, 0x55, 0x12, 0x20));
    const lookalike = rawBlock(Buffer.alloc(JOURNALED_BLOCK_SIZE, head));
    await storage.putMany('alice', [lookalike]);
    await storage.putMany('alice', blocks(1));
    await storage.close();
    const path = await segment();
    const damaged = await readFile(path);
    damaged[30] = (damaged[30] ?? 0) ^ 1;
    await writeFile(path, damaged);
    await rm(join(root, 'alice'), { recursive: true });
    storage = await open();
    await expectAll(blocks(1));
    expect(await storage.has('alice', lookalike.cid)).toBe(false);
  });

  test('garbage, folders and strange names are passed over', async () => {
    const { randomBytes } = seededRandom(5);
    await storage.putMany('alice', blocks(2));
    await storage.close();
    await writeFile(join(journal, '000000000007'), randomBytes(100_000));
    await writeFile(join(journal, '000000000008'), '');
    await writeFile(join(journal, '000000000009'), new Uint8Array(50_000));
    await writeFile(join(journal, 'README'), 'mine');
    await writeFile(join(journal, '000000000003.syncing'), '');
    await mkdir(join(journal, '000000000010'));
    execFileSync('mkfifo', [join(journal, '000000000011')]);
    await symlink(join(root, '..'), join(journal, '000000000012'));
    await writeFile(join(journal, '999999999999'), '');
    storage = await open();
    await expectAll(blocks(2));
    const left = await segments();
    for (const gone of ['000000000007', '000000000008', '000000000009']) expect(left).not.toContain(gone);
    expect(left).toContain('000000000007.set-aside');
    expect(problems.map(({ data }) => data['segment'])).toEqual(['000000000007']);
    expect(await readFile(join(journal, 'README'), 'utf8')).toBe('mine');
    await storage.putMany('alice', blocks(2, 'more'));
    expect((await stat(join(journal, '000000000010'))).isDirectory()).toBe(true);
    await expectAll(blocks(2, 'more'));
    await reopen();
    await expectAll([...blocks(2), ...blocks(2, 'more')]);
  });

  test('a segment of a newer version is not passed over', async () => {
    await storage.putMany('alice', blocks(2));
    await storage.close();
    const path = await segment();
    const bytes = await readFile(path);
    bytes[7] = 2;
    await writeFile(path, bytes);
    await expect(open()).rejects.toMatchObject({ code: 'storage', data: { version: 2 } });
    bytes[7] = 1;
    await writeFile(path, bytes);
    storage = await open();
    await expectAll(blocks(2));
  });
});

describe('a put', () => {
  test('of any size fits, however it fills the memory of the journal', async () => {
    const sizes = [...Array.from({ length: 30 }, () => JOURNALED_BLOCK_SIZE), 64_646];
    await reopen(journalSizes);
    for (const last of [64_646, 64_645, 60_552, 60_551]) {
      const all = sizes.map((size, i) => rawBlock(new Uint8Array(i === 30 ? last : size).fill(i)));
      await storage.putMany('alice', all);
      for (const { cid, bytes } of all) expect(equalBytes((await storage.get('alice', cid)) ?? new Uint8Array(), bytes)).toBe(true);
      await reopen(journalSizes);
    }
  });

  test('that fails says so to whoever asked, and to nobody else', async () => {
    await reopen(journalSizes);
    fileSystem.before = ({ name, flags }) => {
      if (name === 'open' && flags === 'wx') throw systemError('EMFILE');
    };
    // Enough for several turns: what fails in the first one must not be unhandled.
    await expect(storage.putMany('alice', blocks(100))).rejects.toMatchObject({ code: 'storage', data: { system: 'EMFILE' } });
  });
});
