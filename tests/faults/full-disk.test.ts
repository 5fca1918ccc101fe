/** A disk that runs full under load: writes are refused with a clear text, reads go on, nothing acknowledged is lost, and space helps at once. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equalBytes } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DaemonProcess, startDaemonProcess, WireClient, WireError } from '@pyrgos/testkit/server';

const SIZE = '24m';
const LARGER = '96m';

function mountTool(...args: readonly string[]): boolean {
  return spawnSync(args[0] ?? '', args.slice(1), { stdio: 'ignore' }).status === 0;
}

/** Whether this user may make a small disk of memory. */
async function canMount(): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const probe = await mkdtemp(join(tmpdir(), 'pyrgos-probe-'));
  const mounted = mountTool('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe);
  if (mounted) mountTool('umount', probe);
  await rm(probe, { recursive: true, force: true });
  return mounted;
}

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
