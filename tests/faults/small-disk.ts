/** Small disks of memory for the tests of this folder. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs `mount` or `umount`; whether it worked. */
export function mountTool(...args: readonly string[]): boolean {
  return spawnSync(args[0] ?? '', args.slice(1), { stdio: 'ignore' }).status === 0;
}

/** Whether this user may make a small disk of memory. */
export async function canMount(): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const probe = await mkdtemp(join(tmpdir(), 'pyrgos-probe-'));
  const mounted = mountTool('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe);
  if (mounted) mountTool('umount', probe);
  await rm(probe, { recursive: true, force: true });
  return mounted;
}
