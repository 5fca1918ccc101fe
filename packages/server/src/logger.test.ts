import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { storageError } from './blocks/storage-error.js';
import { createLogger } from './logger.js';
import { RotatingLog } from './rotating-log.js';
import { sqlFailure } from './sql/sql-error.js';

describe('the log', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrgos-log-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const capture = (): { lines: string[]; write: (line: string) => void } => {
    const lines: string[] = [];
    return { lines, write: (line) => void lines.push(line) };
  };

  test('has one JSON record a line, with time and level', () => {
    const path = join(folder, 'logs', 'pyrgos.log');
    const { logger, close } = createLogger({ level: 'info', files: { path, limit: 10_000, count: 2 } });
    logger.debug('unheard');
    logger.info({ blocks: 3 }, 'collected');
    close();
    const record: unknown = JSON.parse(readFileSync(path, 'utf8'));
    expect(record).toEqual({ level: 'info', time: expect.stringMatching(/^\d{4}-/), blocks: 3, msg: 'collected' });
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect((statSync(join(folder, 'logs')).mode & 0o777).toString(8)).toBe('700');
  });

  test('keeps queries, bodies, secrets and foreign error texts out', () => {
    const console = capture();
    const { logger } = createLogger({ level: 'trace', console });
    logger.info(
      { url: '/x?auth=SECRET', query: 'SECRET', request: { body: 'SECRET', headers: { cookie: 'SECRET' }, token: 'SECRET' } },
      'a',
    );
    logger.error({ err: new TypeError('cannot read SECRET') }, 'b');
    logger.error(
      { error: new PyrgosError('storage', 'the disk is full', { data: { system: 'ENOSPC' }, cause: new Error('SECRET') }) },
      'c',
    );
    logger.error({ err: 'SECRET' }, 'd');
    expect(console.lines).toHaveLength(4);
    expect(console.lines.join('')).not.toContain('SECRET');
    expect(console.lines[1]).toContain('logger.test.ts');
    expect(JSON.parse(console.lines[2]!)).toMatchObject({
      error: { code: 'storage', message: 'the disk is full', data: { system: 'ENOSPC' } },
    });
  });

  test('tells a person about errors, and about nothing else', () => {
    const alarm = capture();
    const { logger } = createLogger({ level: 'info', alarm });
    logger.warn('small');
    logger.error({ err: new Error('x') }, 'a request failed');
    expect(alarm.lines).toEqual(['pyrgos: a request failed; the log says more\n']);
  });

  test('says to a person plainly that the disk is full, or what is wrong with it', () => {
    const alarm = capture();
    const { logger } = createLogger({ level: 'info', alarm });
    logger.error({ err: storageError('written', Object.assign(new Error('x'), { code: 'ENOSPC' })) }, 'a request failed');
    const database = sqlFailure(Object.assign(new Error('x'), { errcode: 13 })).error;
    logger.error({ error: new PyrgosError('internal', 'it did not work', { cause: database }) }, 'a request failed');
    logger.error({ err: storageError('read', Object.assign(new Error('x'), { code: 'EIO' })) }, 'a request failed');
    expect(alarm.lines).toEqual([
      'pyrgos: a request failed because the disk is full; free some space where the data directory is\n',
      'pyrgos: a request failed because the disk is full; free some space where the data directory is\n',
      'pyrgos: a request failed: The block store could not be read: the disk reports an error. The log says more\n',
    ]);
  });

  test('cannot break out of its line', () => {
    const console = capture();
    createLogger({ level: 'info', console }).logger.info({ name: 'a\n{"level":"fatal"}\r\u2028' }, 'x\ny');
    expect(console.lines).toHaveLength(1);
    expect(console.lines[0]!.trimEnd()).not.toMatch(/[\n\r]/);
  });

  test('files are bounded in size and number', () => {
    const path = join(folder, 'x.log');
    const log = new RotatingLog({ path, limit: 100, count: 3 });
    for (let i = 0; i < 50; i++) log.write(`${String(i).padStart(29, '0')}\n`);
    log.close();
    expect(readdirSync(folder).toSorted()).toEqual(['x.log', 'x.log.1', 'x.log.2']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(100);
    expect(readFileSync(path, 'utf8')).toContain('49\n');
    log.write(`${'y'.repeat(500)}\n`);
    expect(readFileSync(path, 'utf8')).toBe(`${'y'.repeat(500)}\n`);
    log.close();
  });

  test('a new start goes on with the same file', () => {
    const path = join(folder, 'x.log');
    for (const line of ['one\n', 'two\n']) {
      const log = new RotatingLog({ path, limit: 1000, count: 2 });
      log.write(line);
      log.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  });

  test('one that cannot be written does not disturb', () => {
    const log = new RotatingLog({ path: join(folder, 'no\0file'), limit: 1000, count: 2 });
    log.write('lost\n');
    log.close();
    expect(existsSync(join(folder, 'no'))).toBe(false);
  });
});
