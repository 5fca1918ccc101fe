import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('no tracked text file has the markers of a merge that was not finished', () => {
  // The protocol chapters may show such lines.
  const { status, stdout, error } = spawnSync('git', ['grep', '-lIE', '^(<{7} |>{7} |\\|{7} )', '--', '.', ':!docs/protocol'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(error).toBeUndefined();
  // 1: found nothing.
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
});
