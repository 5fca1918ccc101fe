import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FilesWorld } from '../../test/files-world.js';

let world: FilesWorld;
beforeAll(async () => {
  world = await FilesWorld.start();
  await world.keepSession();
});
afterAll(async () => world.stop());

/** A file on this machine. */
function local(...names: string[]): string {
  return join(world.folder, ...names);
}

function write(path: string, content: string | Uint8Array, modified = new Date('2024-06-01T12:34:56.789Z')): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  utimesSync(path, modified, modified);
}

describe('one-shot commands', () => {
  test('put, ls, stat, cat, get: a file goes up, is looked at, and comes back with its time', async () => {
    write(local('notes.txt'), 'Milk, bread');
    expect(await world.run(['put', 'notes.txt'], { asProcess: true })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await world.run(['ls'], { asProcess: true })).toEqual({ status: 0, stdout: 'notes.txt\n', stderr: '' });
    expect((await world.run(['ls', '-l'])).stdout).toBe('-rw       11 B  2024-06-01 12:34  notes.txt\n');
    expect((await world.run(['ls', '-a'])).stdout).toBe('.capabilitycache\n.transactions\nnotes.txt\nshared\n');
    expect(await world.json(['ls', '/ada/notes.txt'])).toEqual([
      expect.objectContaining({
        path: '/ada/notes.txt',
        kind: 'file',
        size: 11,
        modified: '2024-06-01T12:34:56.789Z',
        mimeType: 'text/plain',
      }),
    ]);
    expect((await world.run(['stat', 'notes.txt'])).stdout).toMatch(/^Path +\/ada\/notes\.txt\nKind +file\nSize +11 B \(11 bytes\)\n/);
    expect((await world.run(['cat', 'notes.txt', 'notes.txt'])).stdout).toBe('Milk, breadMilk, bread');
    expect(await world.run(['get', 'notes.txt', 'back.txt'])).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readFileSync(local('back.txt'), 'utf8')).toBe('Milk, bread');
    expect(statSync(local('back.txt')).mtime.toISOString()).toMatch(/^2024-06-01T12:34:56\.78/);
  });

  test('the standard input becomes a file, bytes come out as they are', async () => {
    expect((await world.run(['put', '-', 'from-input.bin'], { input: 'a€b\r\n' })).status).toBe(0);
    expect((await world.run(['cat', 'from-input.bin'])).stdout).toBe('a€b\r\n');
  });

  test('mkdir, mv, cp, rm', async () => {
    expect((await world.run(['mkdir', '-p', 'deep/er', 'other'])).status).toBe(0);
    expect(await world.run(['mkdir', 'other'])).toMatchObject({ status: 7, stderr: expect.stringContaining('/ada/other already') });
    await world.session.files.write('/ada/deep/a.txt', 'a');
    expect(await world.json(['mv', 'deep/a.txt', 'other'])).toEqual([
      { event: 'moved', path: '/ada/deep/a.txt', target: '/ada/other/a.txt' },
    ]);
    expect(await world.json(['cp', 'other/a.txt', 'other/b.txt'])).toEqual([
      { event: 'copied', path: '/ada/other/a.txt', target: '/ada/other/b.txt' },
    ]);
    expect(await world.run(['cp', 'other/a.txt', 'other/b.txt'])).toMatchObject({
      status: 7,
      stderr: expect.stringContaining('--replace'),
    });
    expect((await world.run(['cp', '--replace', 'other/a.txt', 'other/b.txt'])).status).toBe(0);
    expect(await world.run(['cp', 'other', 'copy'])).toMatchObject({ status: 2, stderr: expect.stringContaining('-r') });
    expect((await world.run(['cp', '-r', 'other', 'copy'])).status).toBe(0);
    expect(await world.run(['rm', 'copy'])).toMatchObject({ status: 2, stderr: expect.stringContaining('-r') });
    // One that is missing does not keep the others from being deleted.
    expect(await world.run(['rm', '-r', 'copy', 'nothing', 'deep'])).toMatchObject({
      status: 8,
      stderr: 'pyrgos: nothing: there is nothing at /ada/nothing\n',
    });
    expect((await world.run(['rm', '-f', 'nothing'])).status).toBe(0);
    expect((await world.run(['ls', 'other'])).stdout).toBe('a.txt\nb.txt\n');
  });

  test('a tree goes up and comes back, with times; a second run passes over what is there', async () => {
    write(local('tree', 'a.txt'), 'a');
    write(local('tree', 'deep', 'er', 'b.bin'), randomBytes(6_000_000), new Date('2023-01-02T03:04:05.006Z'));
    mkdirSync(local('tree', 'empty'));
    expect(await world.run(['put', '-r', 'tree', 'backup/today'])).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await world.json(['put', '-r', 'tree', 'backup/today'])).toEqual([
      expect.objectContaining({ event: 'passed-over' }),
      expect.objectContaining({ event: 'passed-over' }),
      {
        event: 'summary',
        local: local('tree'),
        path: '/ada/backup/today/tree',
        stored: 0,
        passedOver: 2,
        leftOut: 0,
        bytes: 0,
        problems: 0,
      },
      expect.objectContaining({ event: 'uploaded' }),
    ]);
    mkdirSync(local('here'));
    const fetched = await world.json(['get', '-r', 'backup/today/tree', 'here']);
    expect(fetched).toContainEqual(expect.objectContaining({ event: 'summary', fetched: 2, passedOver: 0, bytes: 6_000_001 }));
    expect(readFileSync(local('here', 'tree', 'deep', 'er', 'b.bin')).equals(readFileSync(local('tree', 'deep', 'er', 'b.bin')))).toBe(
      true,
    );
    expect(statSync(local('here', 'tree', 'deep', 'er', 'b.bin')).mtimeMs).toBeCloseTo(Date.UTC(2023, 0, 2, 3, 4, 5, 6), -1);
    expect(statSync(local('here', 'tree', 'empty')).isDirectory()).toBe(true);
    expect(readdirSync(local('here', 'tree'), { recursive: true }).filter((name) => String(name).includes('.part'))).toEqual([]);
    expect(await world.json(['get', '-r', 'backup/today/tree', 'here'])).toContainEqual(
      expect.objectContaining({ event: 'summary', fetched: 0, passedOver: 2 }),
    );
  });

  test('--skip-existing leaves what is there as it is, both ways; without it the new content wins', async () => {
    write(local('skip', 'x'), 'new here');
    await world.session.files.write('/ada/skip/x', 'old there', { parents: true });
    await world.session.files.write('/ada/skip/y', 'only there');
    expect((await world.run(['put', '-r', '--skip-existing', 'skip'])).status).toBe(0);
    expect(await world.session.files.readText('/ada/skip/x')).toBe('old there');
    expect((await world.run(['get', '-r', '--skip-existing', 'skip'])).status).toBe(0);
    expect([readFileSync(local('skip', 'x'), 'utf8'), readFileSync(local('skip', 'y'), 'utf8')]).toEqual(['new here', 'only there']);
    expect((await world.run(['put', '--skip-existing', 'skip/x', 'skip'])).status).toBe(0);
    expect(await world.session.files.readText('/ada/skip/x')).toBe('old there');
    expect((await world.run(['put', '-r', 'skip'])).status).toBe(0);
    expect((await world.run(['cat', 'skip/x'])).stdout).toBe('new here');
  });

  test('one bad item never stops a tree: the others are stored, what is wrong is told, and the exit code says so', async () => {
    write(local('mixed', 'good'), 'good');
    symlinkSync('/etc/passwd', local('mixed', 'link'));
    write(local('mixed', 'name'), 'a file where the account has a directory');
    write(local('mixed', 'sub', 'below'), 'a directory where the account has a file');
    await world.session.files.makeDirectory('/ada/mixed/name', { parents: true });
    await world.session.files.write('/ada/mixed/sub', 'a file');
    const result = await world.run(['put', '-r', 'mixed']);
    expect(result).toMatchObject({ status: 8, stdout: '' });
    expect(result.stderr.split('\n').sort()).toEqual([
      '',
      expect.stringMatching(/mixed\/link: it is a link/),
      expect.stringMatching(/mixed\/name: .*already|mixed\/name: .*directory/),
      expect.stringMatching(/mixed\/sub: there is something at \/ada\/mixed\/sub already/),
      'pyrgos: 1 stored, 0 there already, 3 not stored',
    ]);
    expect(await world.session.files.readText('/ada/mixed/good')).toBe('good');
    expect(await world.session.files.readText('/ada/mixed/sub')).toBe('a file');
  });

  test('what is in the way on this machine stops nothing else, and links in the target are not followed', async () => {
    const { files } = world.session;
    await files.write('/ada/way/good', 'good', { parents: true });
    await files.write('/ada/way/folder', 'a file');
    await files.write('/ada/way/link/inside', 'must not come out', { parents: true });
    mkdirSync(local('target', 'way', 'folder'), { recursive: true });
    mkdirSync(local('outside'));
    symlinkSync(local('outside'), local('target', 'way', 'link'));
    const result = await world.run(['get', '-r', 'way', 'target']);
    expect(result).toMatchObject({ status: 8, stdout: '' });
    expect(result.stderr).toContain('way/folder: a folder of this name is in the way');
    expect(result.stderr).toContain('way/link: a file or link of this name is in the way');
    expect(readFileSync(local('target', 'way', 'good'), 'utf8')).toBe('good');
    expect(readdirSync(local('outside'))).toEqual([]);
  });

  test('names that steer terminals are shown as text', async () => {
    await world.session.files.write('/ada/odd/\u001b[2Jred\nname\u202e', 'x', { parents: true });
    expect((await world.run(['ls', 'odd'])).stdout).toBe(String.raw`\u{1b}[2Jred\u{a}name\u{202e}` + '\n');
    const { stdout } = await world.run(['ls', 'odd', '--json']);
    expect(stdout.includes('\u001b') || stdout.includes('\u202e')).toBe(false);
    expect(JSON.parse(stdout)).toMatchObject({ name: '\u001b[2Jred\nname\u202e' });
  });

  test('a download that was cut off goes on where it stopped, and not with another version', async () => {
    const content = randomBytes(40_000_000);
    await world.session.files.write('/ada/large.bin', content);
    let child: { kill(signal: NodeJS.Signals): boolean } | undefined;
    const isPart = (): string | undefined => readdirSync(local('cut')).find((name) => name.endsWith('.part') && !name.endsWith('-d.part'));
    mkdirSync(local('cut'));
    const running = world.run(['get', 'large.bin', 'cut'], { watch: (started) => (child = started) });
    for (;;) {
      const part = isPart();
      if (part !== undefined && statSync(local('cut', part)).size > 9_000_000) break;
      if (existsSync(local('cut', 'large.bin'))) break;
      await new Promise((done) => setTimeout(done, 1));
    }
    child?.kill('SIGKILL');
    await running;
    const part = isPart();
    if (part === undefined) throw new Error('the download was too fast to be cut off');
    // What lies below the last step is not fetched again: zeros there would stay.
    truncateSync(local('cut', part), 9_000_000);
    expect((await world.run(['get', 'large.bin', 'cut'])).status).toBe(0);
    expect(readFileSync(local('cut', 'large.bin')).equals(content)).toBe(true);
    expect(readdirSync(local('cut'))).toEqual(['large.bin']);
  });

  test('mistakes end with what to do next, and the exit code that belongs to them', async () => {
    world.forgetSession();
    const { folder } = world;
    writeFileSync(local('wrong'), 'not the password\n');
    const cases: [string[], number, RegExp][] = [
      [['ls', '--password-file', 'wrong'], 4, /check user name, password/],
      [['ls', '--username', 'nobody'], 3, /nobody is called 'nobody'/],
      [['ls', '--server', 'http://localhost:1'], 5, /does the server run/],
      [['ls', '--server', 'gopher://x'], 2, /Specified server gopher:\/\/x is not valid/],
      [['ls', '--password-file', 'missing'], 2, /missing with the password cannot be read/],
      [['ls', '--password', 'sesame'], 2, /can be seen by everybody/],
      [['ls', '--password=sesame'], 2, /can be seen by everybody/],
      [['cat', 'nothing'], 3, /there is nothing at \/ada\/nothing/],
      [['cat', '/ada'], 7, /is a directory/],
      [['get', 'nothing'], 3, /there is nothing at \/ada\/nothing/],
      [['get', '/ada'], 2, /say -r/],
      [['get', 'notes.txt', 'no/such/place'], 2, /is not a directory or does not exist/],
      [['put', folder], 2, /say -r/],
      [['put', 'nowhere'], 3, /nowhere: there is no such file or folder on this machine/],
      [['put', 'password', 'no/such/directory/x'], 3, /there is nothing at \/ada\/no/],
    ];
    for (const [args, status, text] of cases) {
      const result = await world.run(args);
      expect([args, result.status, result.stderr]).toEqual([args, status, expect.stringMatching(text)]);
      expect(result.stdout).toBe('');
      expect(result.stderr).not.toMatch(/sesame|not the password| {4}at /);
    }
    const { status, stderr } = await world.run(['ls'], { env: { PYRGOS_PASSWORD_FILE: '' } });
    expect([status, stderr]).toEqual([2, expect.stringContaining('--password-stdin')]);
    const { status: withInput } = await world.run(['ls', '--password-stdin'], { input: 'seven lanterns over quiet water\n' });
    expect(withInput).toBe(0);
    expect(await world.json(['cat', 'x'])).toEqual([expect.objectContaining({ event: 'error', code: 'argument' })]);
    expect(await world.json(['stat', 'nothing'])).toEqual([expect.objectContaining({ event: 'error', code: 'not-found.file' })]);
  });
});
