import { mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TMPFS = 0x01021994;

/** A new folder on a disk: in memory fsync would cost nothing. */
export async function scratchFolder(): Promise<string> {
  for (const parent of [tmpdir(), '/var/tmp']) {
    const { type } = await statfs(parent).catch(() => ({ type: TMPFS }));
    if (type !== TMPFS) return mkdtemp(join(parent, 'pyrgos-bench-'));
  }
  process.stderr.write('bench: no temporary folder on a disk; set TMPDIR to one\n');
  return mkdtemp(join(tmpdir(), 'pyrgos-bench-'));
}
