import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dataPaths } from '../config/data-paths.js';
import { loadConfig } from '../config/index.js';
import { startServer } from '../server.js';
import { createStage, finishOrForget, finishRestore, requireFinishedRestore, stageOf } from './staged-restore.js';

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

describe('a restore that was interrupted, at the next start', () => {
  let directory: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pyrgos-staged-'));
    await createStage(directory);
    writeFileSync(join(stageOf(directory), 'pyrgos.sqlite'), 'half');
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test('is told, and nothing becomes a new server', async () => {
    await expect(finishRestore(directory)).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('did not finish') });
    expect(readdirSync(directory)).toEqual(['restore.partial']);
  });

  test('stops a start, which changes nothing', async () => {
    const flags = new Map([
      ['port', '0'],
      ['log-to-file', 'false'],
    ]);
    const { config } = await loadConfig({ dataDirectory: directory, environment: {}, flags });
    const start = startServer(config, { logger: pino({ level: 'silent' }) });
    await expect(start).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('did not finish') });
    expect(existsSync(dataPaths.database(directory))).toBe(false);
    expect(existsSync(stageOf(directory))).toBe(true);
  });

  test('is forgotten by the next restore, and when a server is there', async () => {
    await finishOrForget(directory);
    expect(readdirSync(directory)).toEqual([]);
    await createStage(directory);
    writeFileSync(dataPaths.database(directory), 'database');
    await finishRestore(directory);
    expect(readdirSync(directory)).toEqual(['pyrgos.sqlite']);
  });
});
