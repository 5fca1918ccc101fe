import { chmodSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FilesWorld } from '../../test/files-world.js';

describe('a kept session that opens nothing', () => {
  let world: FilesWorld;
  let path: string;
  let whole: string;
  beforeAll(async () => {
    world = await FilesWorld.start();
    await world.keepSession();
    path = join(world.folder, '.kept', 'session');
    whole = readFileSync(path, 'utf8');
  });
  afterAll(async () => world?.stop());

  test('is told with what to do, and ends with the exit code of a log-in that is needed', async () => {
    const env = { PYRGOS_USERNAME: '', PYRGOS_SERVER: '' };
    for (const text of [
      whole.slice(0, 50),
      'null',
      whole.replace(/"sealed":"..../u, '"sealed":"AAAA'),
      whole.replace('"ada"', '"mallory"'),
    ]) {
      writeFileSync(path, text, { mode: 0o600 });
      expect(await world.run(['ls'], { env })).toMatchObject({
        status: 4,
        stdout: '',
        stderr: expect.stringMatching(/log in again with .* login\n$/u),
      });
    }
    writeFileSync(path, whole);
    expect((await world.run(['ls'])).status).toBe(0);
  });

  test.skipIf(process.platform === 'win32')('so is one that others can read, and one that is a link', async () => {
    chmodSync(path, 0o644);
    expect(await world.run(['ls'])).toMatchObject({ status: 4, stderr: expect.stringContaining('set its mode to 600') });
    chmodSync(path, 0o600);
    renameSync(path, `${path}.real`);
    symlinkSync(`${path}.real`, path);
    expect(await world.run(['ls'])).toMatchObject({ status: 4, stderr: expect.stringContaining('links are not followed') });
    rmSync(path);
    renameSync(`${path}.real`, path);
  });
});
