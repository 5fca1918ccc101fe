/** A disk that has become read-only, as a failing one does: what is on it can still be saved and looked at. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equalBytes } from '@pyrgos/core/bytes';
import { loadCrypto } from '@pyrgos/core/crypto';
import { type DaemonProcess, startDaemonProcess, WireClient } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canMount, failingDisk, mountTool } from './small-disk.js';

const program = fileURLToPath(new URL('../../packages/cli/bin/pyrgos.js', import.meta.url));

const possible = await canMount();

describe.skipIf(!possible)(`a read-only disk${possible ? '' : ' (needs Linux and the right to mount a tmpfs)'}`, () => {
  let folder: string;
  let disk: string;
  let data: string;
  let daemon: DaemonProcess | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-readonly-'));
    disk = await mkdtemp(join(tmpdir(), 'pyrgos-disk-'));
    mountTool('mount', '-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', disk);
    data = join(disk, 'data');
  });
  afterAll(async () => {
    await daemon?.stop();
    mountTool('umount', disk);
    for (const path of [disk, folder]) await rm(path, { recursive: true, force: true });
  }, 60_000);

  const run = (dataDirectory: string, ...args: readonly string[]): { status: number | null; stdout: string; stderr: string } => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [program, ...args], {
      env: { ...process.env, PYRGOS_PATH: dataDirectory, TMPDIR: folder },
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };

  test('gives a backup and lists, and says what else cannot be', { timeout: 240_000 }, async () => {
    daemon = await startDaemonProcess({ 'max-users': '2' }, data);
    const client = new WireClient(daemon.url, await loadCrypto());
    const alice = await client.signUp('alice');
    const [large, small] = [new Uint8Array(randomBytes(300_000)), new Uint8Array(randomBytes(500))];
    const cids = await client.commit(alice, client.homeWriter(alice), [large, small]);
    client.close();
    // So the log of the database and the journal of the blocks are full of what was acknowledged.
    await daemon.kill();
    daemon = undefined;
    expect(mountTool('mount', '-o', 'remount,ro', disk)).toBe(true);

    const notice = expect.stringContaining('is read-only; this works on a copy of the database');
    expect(run(data, 'admin', 'user', 'list')).toMatchObject({ status: 0, stdout: expect.stringContaining('alice'), stderr: notice });
    expect(run(data, 'token', 'list', '--json')).toMatchObject({ status: 0, stderr: notice });
    expect(run(data, 'admin', 'requests', 'list')).toMatchObject({ status: 0, stderr: notice });
    const backup = join(folder, 'backup');
    expect(run(data, 'admin', 'backup', backup)).toMatchObject({ status: 0, stdout: expect.stringContaining('1 account'), stderr: notice });
    for (const args of [
      ['token', 'create'],
      ['admin', 'user', 'delete', 'alice', '--yes'],
      ['admin', 'gc'],
      ['daemon', '--port', '0'],
    ]) {
      const refused = { status: 1, stderr: expect.stringMatching(/read-only.*A backup can still be made \(admin backup\)/) };
      expect(run(data, ...args)).toMatchObject(refused);
    }
    // Nothing is left of the copies.
    expect(await readdir(folder)).toEqual(['backup']);

    const restored = join(folder, 'restored');
    expect(run(restored, 'admin', 'restore', backup)).toMatchObject({ status: 0 });
    daemon = await startDaemonProcess({ 'max-users': '2' }, restored);
    const again = new WireClient(daemon.url, await loadCrypto());
    for (const [i, content] of [large, small].entries()) {
      const cid = cids[2 + i];
      const found = cid === undefined ? undefined : await again.get(alice, cid);
      expect(found !== undefined && equalBytes(found, content)).toBe(true);
    }
    again.close();
  });
});

const failing = await failingDisk(200 << 20);

describe.skipIf(failing === undefined)(
  `a disk that becomes read-only under a running server${failing === undefined ? ' (needs root, ext4 and loop devices)' : ''}`,
  () => {
    let folder: string;
    let daemon: DaemonProcess | undefined;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pyrgos-backup-'));
    });
    afterAll(async () => {
      await daemon?.stop();
      await failing?.remove();
      await rm(folder, { recursive: true, force: true });
    }, 60_000);

    test('is read from, refuses what cannot be written, and gives a backup', { timeout: 240_000 }, async () => {
      if (failing === undefined) return;
      const data = join(failing.path, 'data');
      const crypto = await loadCrypto();
      const run = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
        spawnSync(process.execPath, [program, ...args], { env: { ...process.env, PYRGOS_PATH: data, TMPDIR: folder }, encoding: 'utf8' });
      daemon = await startDaemonProcess({ 'max-users': '3' }, data);
      const client = new WireClient(daemon.url, crypto);
      const readiness = async (): Promise<unknown> => (await fetch(new URL('healthz/readiness', client.url))).json();
      expect(await readiness()).toMatchObject({ ready: true });
      const alice = await client.signUp('alice');
      const writer = client.homeWriter(alice);
      const contents = [new Uint8Array(randomBytes(300_000)), new Uint8Array(randomBytes(500))];
      const cids = await client.commit(alice, writer, contents);
      await failing.fail();

      const isThere = async (server: WireClient): Promise<void> => {
        for (const [i, content] of contents.entries()) {
          const cid = cids[2 + i];
          const found = cid === undefined ? undefined : await server.get(alice, cid);
          expect(found !== undefined && equalBytes(found, content)).toBe(true);
        }
        expect((await server.getPointer(alice, writer.signer))?.updated?.key).toBe(writer.pointer?.updated?.key);
      };
      for (let round = 0; round < 3; round++) {
        await isThere(client);
        const refusal = { status: 400, text: expect.stringMatching(/the disk|disk of this server/i) };
        await expect(client.put(alice, writer.signer, [new Uint8Array(randomBytes(500))], true, 't')).rejects.toMatchObject(refusal);
        await expect(client.put(alice, writer.signer, [new Uint8Array(randomBytes(300_000))], true, 't')).rejects.toMatchObject(refusal);
        await expect(client.signUp(`bob${round}`)).rejects.toMatchObject(refusal);
        await expect.poll(readiness, { timeout: 10_000 }).toMatchObject({ ready: false, database: false });
      }
      expect(run('status')).toMatchObject({ status: 0, stdout: expect.stringContaining('running since'), stderr: '' });
      expect(run('token', 'list')).toMatchObject({ status: 0 });
      expect(run('token', 'create')).toMatchObject({ status: 1, stderr: expect.stringContaining('disk') });
      expect(run('admin', 'backup', join(folder, 'backup'))).toMatchObject({ status: 0, stdout: expect.stringContaining('1 account') });
      client.close();
      await daemon.stop();
      daemon = undefined;

      expect(failing.repair()).toBe(true);
      daemon = await startDaemonProcess({ 'max-users': '3' }, data);
      const again = new WireClient(daemon.url, crypto);
      await isThere(again);
      await again.signUp('bob');
      await again.commit(alice, writer, [...contents, new Uint8Array(randomBytes(100))]);
      again.close();
    });
  },
);
