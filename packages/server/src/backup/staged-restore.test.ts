import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dataPaths } from '../config/data-paths.js';
import { createStage, finishRestore, requireFinishedRestore, stageOf } from './staged-restore.js';

describe('a restore that was interrupted, on a disk that cannot be written', () => {
  let directory: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pyrgos-staged-'));
    await createStage(directory);
    for (const name of ['blocks', 'pki']) mkdirSync(join(stageOf(directory), name));
    writeFileSync(join(stageOf(directory), 'pyrgos.sqlite'), 'database');
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test('is no matter before it was complete', async () => {
    await requireFinishedRestore(directory);
  });

  test('is told when something is not in its place', async () => {
    writeFileSync(dataPaths.restored(directory), '');
    const refusal = { code: 'storage', message: expect.stringMatching(/restore into .* was interrupted.*read-only/) };
    await expect(requireFinishedRestore(directory)).rejects.toMatchObject(refusal);
    rmSync(join(stageOf(directory), 'blocks'), { recursive: true });
    await expect(requireFinishedRestore(directory)).rejects.toMatchObject(refusal);
    await finishRestore(directory);
    await requireFinishedRestore(directory);
    expect(readdirSync(directory).toSorted()).toEqual(['pki', 'pyrgos.sqlite']);
  });

  test('is no matter when everything is in its place', async () => {
    writeFileSync(dataPaths.restored(directory), '');
    for (const name of ['blocks', 'pki', 'pyrgos.sqlite']) rmSync(join(stageOf(directory), name), { recursive: true });
    await requireFinishedRestore(directory);
  });
});
