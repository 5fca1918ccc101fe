/**
 * A disk that runs full under load: writes are refused with a clear text, reads go on, nothing acknowledged is lost, and space helps at once. A server whose
 * disk is full starts again, and what is garbage can be freed.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equalBytes } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type DaemonProcess, startDaemonProcess, WireClient, WireError } from '@pyrgos/testkit/server';
import { canMount, mountTool } from './small-disk.js';

const SIZE = '24m';
const LARGER = '96m';
const program = fileURLToPath(new URL('../../packages/cli/bin/pyrgos.js', import.meta.url));

const possible = await canMount();

describe.skipIf(!possible)(`a full disk${possible ? '' : ' (needs Linux and the right to mount a tmpfs)'}`, () => {
  let disk: string;
  let daemon: DaemonProcess;
  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), 'pyrgos-disk-'));
    mountTool('mount', '-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', disk);
    daemon = await startDaemonProcess({ 'max-users': '2' }, join(disk, 'data'));
  }, 180_000);
  afterAll(async () => {
    await daemon?.stop();
    mountTool('umount', disk);
    await rm(disk, { recursive: true, force: true });
  }, 60_000);

  test('is survived', { timeout: 120_000 }, async () => {
    const crypto = await loadCrypto();
    const client = new WireClient(daemon.url, crypto);
    const account = await client.signUp('alice');
    const writer = client.homeWriter(account);
    const stored: (readonly [Cid, Uint8Array])[] = [];
    const transaction = await client.startTransaction(account);
    let refusal: WireError | undefined;
    for (let i = 0; i < 100 && refusal === undefined; i++) {
      const block = new Uint8Array(randomBytes(700_000));
      try {
        const [cid] = await client.put(account, writer.signer, [block], true, transaction);
        if (cid !== undefined) stored.push([cid, block]);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        refusal = error;
      }
    }
    expect(refusal).toMatchObject({ status: 400 });
    expect(refusal?.text).toMatch(/disk|space/i);
    expect(stored.length).toBeGreaterThan(5);
    const readable = async (): Promise<void> => {
      for (const [cid, block] of stored) {
        const found = await client.get(account, cid);
        expect(found !== undefined && equalBytes(found, block)).toBe(true);
      }
    };
    await readable();
    expect((await fetch(new URL('healthz', daemon.url))).status).toBe(200);

    await daemon.kill();
    expect(mountTool('mount', '-o', `remount,size=${LARGER}`, disk)).toBe(true);
    await daemon.restart();
    await readable();
    const block = new Uint8Array(randomBytes(700_000));
    const [cid] = await client.put(account, writer.signer, [block], true, transaction);
    stored.push(...(cid === undefined ? [] : ([[cid, block]] as const)));
    await client.commit(account, writer, [block]);
    await readable();
    client.close();
  });
});

type SignUp = Awaited<ReturnType<WireClient['signUp']>>;

/** Puts blocks until the server refuses one. */
async function fill(client: WireClient, account: SignUp, size: number, transaction: string): Promise<WireError> {
  const { signer } = client.homeWriter(account);
  const count = size > 100_000 ? 1 : 16;
  for (let i = 0; i < 2000; i++) {
    const blocks = Array.from({ length: count }, () => new Uint8Array(randomBytes(size)));
    try {
      await client.put(account, signer, blocks, true, transaction);
    } catch (error) {
      if (error instanceof WireError) return error;
      throw error;
    }
  }
  throw new Error('the disk never became full');
}

/** Somebody else takes all that is left. */
function takeTheRest(path: string): void {
  const file = openSync(path, 'w');
  const piece = new Uint8Array(4096);
  try {
    for (;;) writeSync(file, piece);
  } catch {
    // Full.
  } finally {
    closeSync(file);
  }
}

function run(dataDirectory: string, ...args: readonly string[]): { readonly status: number | null; readonly text: string } {
  const { status, stderr, stdout } = spawnSync(process.execPath, [program, ...args], {
    env: { ...process.env, PYRGOS_PATH: dataDirectory },
    encoding: 'utf8',
  });
  return { status, text: status === 0 ? stdout : stderr };
}

describe.skipIf(!possible)(`a server on a full disk${possible ? '' : ' (needs Linux and the right to mount a tmpfs)'}`, () => {
  let disk: string;
  let data: string;
  let daemon: DaemonProcess | undefined;
  let client: WireClient | undefined;
  const readiness = async (): Promise<unknown> => (await fetch(new URL('healthz/readiness', daemon?.url))).json();

  /** Takes what is left for small uploads, and what the journal has given back meanwhile. */
  const exhaust = async (account: SignUp, transaction: string): Promise<void> => {
    const lastRefusal = async (): Promise<void> => {
      if (client === undefined) throw new Error('no client');
      expect((await fill(client, account, 5000, transaction)).text).toMatch(/disk of this server is full/);
      expect(await readiness()).toMatchObject({ ready: false, disk: false, database: true });
    };
    await vi.waitFor(lastRefusal, { timeout: 60_000, interval: 100 });
  };

  beforeEach(async () => {
    disk = await mkdtemp(join(tmpdir(), 'pyrgos-disk-'));
    mountTool('mount', '-t', 'tmpfs', '-o', 'size=60m', 'tmpfs', disk);
    data = join(disk, 'data');
  });
  afterEach(async () => {
    client?.close();
    await daemon?.stop();
    daemon = undefined;
    mountTool('umount', disk);
    await rm(disk, { recursive: true, force: true });
  }, 60_000);

  const endings = ['SIGTERM', 'kill -9', 'no end at all'] as const;
  const fillers = ['its own blocks', 'its own small blocks', 'a file of somebody else'] as const;
  const commands = ['while it runs', 'while it does not run'] as const;
  const cases = endings.flatMap((ending, i) => fillers.map((filler, k) => ({ ending, filler, command: commands[(i + k) % 2] })));

  const possibleCases = cases.filter(({ command, ending }) => ending !== 'no end at all' || command === 'while it runs');
  test.for(possibleCases)('works after $ending, full of $filler, and is cleared up $command', { timeout: 240_000 }, async (given) => {
    daemon = await startDaemonProcess({ 'max-users': '3', 'default-quota': '1g' }, data);
    client = new WireClient(daemon.url, await loadCrypto());
    const [alice, bob] = [await client.signUp('alice'), await client.signUp('bob')];
    const home = client.homeWriter(alice);
    const kept = new Uint8Array(randomBytes(100_000));
    const [, , cid] = await client.commit(alice, home, [kept]);
    const readable = async (): Promise<boolean> => {
      const found = cid === undefined ? undefined : await client?.get(alice, cid);
      return found !== undefined && equalBytes(found, kept);
    };
    expect(await readable()).toBe(true);

    // What bob uploads and never commits is garbage that his open transaction protects.
    const transaction = await client.startTransaction(bob);
    const size = given.filler === 'its own small blocks' ? 5000 : 900_000;
    const refusal = await fill(client, bob, size, transaction);
    expect(refusal).toMatchObject({ status: 400 });
    expect(refusal.text).toMatch(/disk of this server is full/);
    // Deletions are small, and go on.
    if (size > 262_144) await client.commit(alice, home, [kept, new Uint8Array(randomBytes(1000))]);
    await exhaust(bob, transaction);
    const { bavail, bsize } = await statfs(disk);
    expect(bavail * bsize).toBeGreaterThan(1_000_000);

    if (given.ending === 'SIGTERM') await daemon.stop();
    else if (given.ending === 'kill -9') await daemon.kill();
    if (given.filler === 'a file of somebody else') takeTheRest(join(disk, 'foreign'));
    const clearUp = (): void => {
      expect(run(data, 'admin', 'user', 'list')).toMatchObject({ status: 0 });
      expect(run(data, 'admin', 'user', 'delete', 'bob', '--yes')).toMatchObject({ status: 0 });
      const collected = run(data, 'admin', 'gc', '--json');
      expect(collected).toMatchObject({ status: 0 });
      const { blocks, bytes } = JSON.parse(collected.text) as { blocks: number; bytes: number };
      expect(blocks).toBeGreaterThan(10);
      expect(bytes).toBeGreaterThan(10_000_000);
    };
    if (given.command === 'while it does not run') {
      clearUp();
      await daemon.restart();
    } else {
      if (given.ending !== 'no end at all') await daemon.restart();
      expect(await readable()).toBe(true);
      expect((await fill(client, alice, 900_000, 'y')).text).toMatch(/disk of this server is full/);
      await exhaust(alice, 'y');
      clearUp();
    }
    expect(await readable()).toBe(true);
    await client.commit(alice, home, [kept, new Uint8Array(randomBytes(900_000))]);
    expect(await readiness()).toMatchObject({ ready: true, disk: true });
    // The next time there is a reserve again.
    await vi.waitFor(async () => stat(join(data, 'reserve')), { timeout: 60_000, interval: 100 });
  });

  test('collects garbage by itself when uploads find no room', { timeout: 240_000 }, async () => {
    daemon = await startDaemonProcess({ 'max-users': '3', 'default-quota': '1g' }, data);
    client = new WireClient(daemon.url, await loadCrypto());
    const bob = await client.signUp('bob');
    const { signer } = client.homeWriter(bob);
    const put = async (transaction: string): Promise<unknown> => {
      const cids = await client?.put(bob, signer, [new Uint8Array(randomBytes(900_000))], true, transaction);
      await client?.closeTransaction(bob, transaction);
      return cids;
    };
    const refused = async (): Promise<void> => {
      for (let i = 0; i < 200; i++) await put(`upload-${i}`);
    };
    await expect(refused()).rejects.toThrow(/disk of this server is full/);
    await vi.waitFor(async () => put('next'), { timeout: 60_000, interval: 100 });
  });
});
