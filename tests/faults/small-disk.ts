/** Small disks of memory for the tests of this folder. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

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

/** An ext4 disk in a file. */
export interface FailingDisk {
  /** Where it is mounted. */
  readonly path: string;
  /** Makes it read-only under whoever uses it, as an error of the hardware does. */
  fail(): Promise<void>;
  /** Repairs it and mounts it again. Nobody may use it. */
  repair(): boolean;
  remove(): Promise<void>;
}

/** Makes a disk that can be made to fail; undefined where that is not possible: it needs root, ext4 and loop devices. */
export async function failingDisk(bytes: number): Promise<FailingDisk | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'pyrgos-failing-'));
  const [image, path] = [join(folder, 'image'), join(folder, 'disk')];
  const mount = (): boolean => mountTool('mount', '-o', 'loop,errors=remount-ro', image, path);
  const remove = async (): Promise<void> => {
    mountTool('umount', path);
    await rm(folder, { recursive: true, force: true });
  };
  const file = await open(image, 'wx');
  await file.truncate(bytes);
  await file.close();
  await mkdir(path);
  const trigger = mountTool('mkfs.ext4', '-q', '-F', image) && mount() ? triggerOf(image) : undefined;
  if (trigger === undefined || !(await pathExists(trigger))) {
    await remove();
    return undefined;
  }
  return {
    path,
    fail: async () => writeFile(trigger, 'test'),
    repair: () => {
      mountTool('umount', path);
      mountTool('fsck.ext4', '-y', '-f', image);
      return mount();
    },
    remove,
  };
}

function triggerOf(image: string): string {
  const { stdout } = spawnSync('losetup', ['--noheadings', '--output', 'NAME', '-j', image], { encoding: 'utf8' });
  return `/sys/fs/ext4/${basename((stdout ?? '').trim())}/trigger_fs_error`;
}

async function pathExists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
