import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FilesWorld, password } from '../../test/files-world.js';
import { noTerminal, PseudoTerminal } from '../../test/pseudo-terminal.js';
import { lastToken, parseShellLine, quoteToken } from './shell-line.js';

describe('lines of the shell (chapter 09 section 5.2)', () => {
  test('tokens, quotation marks, escapes, flags', () => {
    expect(parseShellLine('ls -l /me/photos')).toEqual({ command: 'ls', flags: ['-l'], arguments: ['/me/photos'] });
    expect(parseShellLine('mkdir "quotedpathwithnospaces"')).toEqual({
      command: 'mkdir',
      flags: [],
      arguments: ['quotedpathwithnospaces'],
    });
    expect(parseShellLine(String.raw`  put a\ b "c d" -  --skip-existing "-x" e"f g"h `)).toEqual({
      command: 'put',
      flags: ['--skip-existing'],
      arguments: ['a b', 'c d', '-', '-x', 'ef gh'],
    });
    expect(parseShellLine('?')?.command).toBe('help');
    expect(parseShellLine('mkdir ""')?.arguments).toEqual(['']);
    expect([parseShellLine(''), parseShellLine(' \t')]).toEqual([undefined, undefined]);
    expect([parseShellLine('ls "a'), parseShellLine('ls a\\')]).toEqual([null, null]);
  });

  test('what is typed last, and how it has to be typed', () => {
    expect(lastToken('ls ph')).toEqual({ before: ['ls'], text: 'ph', raw: 'ph' });
    expect(lastToken('ls ')).toEqual({ before: ['ls'], text: '', raw: '' });
    expect(lastToken(String.raw`ls a\ `)).toEqual({ before: ['ls'], text: 'a ', raw: String.raw`a\ ` });
    expect(lastToken('get "a b')).toEqual({ before: ['get'], text: 'a b', raw: '"a b' });
    for (const name of ['a b', 'a"b', 'a\\b', '-x', 'ü\t']) expect(parseShellLine(`ls ${quoteToken(name)}`)?.arguments).toEqual([name]);
  });
});

describe('the shell', () => {
  let world: FilesWorld;
  const terminals: PseudoTerminal[] = [];
  beforeAll(async () => {
    world = await FilesWorld.start({ 'max-users': '5' });
  });
  afterEach(() => {
    for (const terminal of terminals.splice(0)) terminal.kill();
  });
  afterAll(async () => world.stop());

  const open = (args: readonly string[], env: Readonly<Record<string, string>> = {}): PseudoTerminal => {
    const terminal = PseudoTerminal.start(args, { ...world.environment, ...env }, world.folder);
    terminals.push(terminal);
    return terminal;
  };

  test('runs a script of commands, with the texts of the chapter, and its exit code tells whether all of them worked', async () => {
    mkdirSync(join(world.folder, 'album'));
    writeFileSync(join(world.folder, 'album', 'a b.txt'), 'a€b');
    const input = [
      'mkdir "my photos"',
      'cd my\\ photos',
      'pwd',
      'put album',
      'put album/a\\ b.txt c.txt',
      'ls',
      'cat album/"a b.txt"',
      'get c.txt out.txt',
      'get --skip-existing c.txt out.txt',
      'rm album',
      'n',
      'rm album',
      'Y',
      'rm c.txt',
      'cd',
      'lpwd',
      'bye',
      'ls never',
    ];
    const { status, stderr, stdout } = await world.run(['shell'], { input: `${input.join('\n')}\n` });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.replaceAll(world.folder, '<folder>').split('\n')).toEqual([
      '',
      'Successfully created /ada/my photos',
      'Current directory : /ada/my photos',
      'Remote working directory: /ada/my photos',
      '1 stored, 0 there already',
      'Successfully uploaded <folder>/album to remote /ada/my photos/album',
      'Successfully uploaded <folder>/album/a b.txt to remote /ada/my photos/c.txt',
      'album',
      'c.txt',
      'a€bDownloaded /ada/my photos/c.txt to <folder>/out.txt',
      'Skipping /ada/my photos/c.txt',
      'Downloaded /ada/my photos/c.txt to <folder>/out.txt',
      'Delete directory and all contents of /ada/my photos/album (Y/N) ',
      'Aborting delete',
      'Delete directory and all contents of /ada/my photos/album (Y/N) ',
      'Deleted /ada/my photos/album',
      'Deleted /ada/my photos/c.txt',
      'Current directory : /ada',
      'Local working directory: <folder>',
      'Exiting',
      '',
    ]);
    expect(readFileSync(join(world.folder, 'out.txt'), 'utf8')).toBe('a€b');
    const failing = await world.run(['shell'], { input: 'cat nothing\nls "\nfrobnicate\nls a b c\ncd nothing\nls\n' });
    expect(failing).toMatchObject({ status: 8, stdout: 'my photos\n' });
    expect(failing.stderr.split('\n')).toEqual([
      "pyrgos: Could not find remote specified remote path '/ada/nothing'",
      'Failed to execute cat',
      'Could not parse command.',
      "pyrgos: Unknown command 'frobnicate': help lists those that there are",
      'pyrgos: Usage: ls [-l] [-a] [path]',
      "pyrgos: Specified path '/ada/nothing' is not a directory",
      '',
    ]);
  });

  test('a person: password, prompt, Tab, Ctrl-C, a question, Ctrl-D', async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal);
    await world.session.files.write('/ada/person/holiday pictures.txt', 'sea', { parents: true });
    const terminal = open(['shell'], { PYRGOS_PASSWORD_FILE: '' });
    await terminal.sees("Enter password for 'ada'");
    terminal.type(`${password}\r`);
    const prompt = `ada@${new URL(world.server).host} > `;
    await terminal.sees(prompt);
    expect(terminal.text).not.toContain(password);
    terminal.type('cat person/hol\t');
    await terminal.sees(String.raw`person/holiday\ pictures.txt`);
    terminal.type('\r');
    await terminal.sees('sea');
    await terminal.sees(prompt);
    terminal.type('this is never run\u0003');
    await terminal.sees(prompt);
    terminal.type('rm person\r');
    await terminal.sees('(Y/N) ');
    terminal.type('y\r');
    await terminal.sees('Deleted /ada/person');
    await terminal.sees(prompt);
    terminal.type('\u0004');
    expect(await terminal.end()).toBe(0);
    expect(terminal.text).not.toContain('Unknown command');
  });

  test('Ctrl-C ends what is being done and not the shell; the arrow brings a line back; names cannot steer the terminal', async ({
    skip,
  }) => {
    skip(noTerminal !== undefined, noTerminal);
    const { files } = world.session;
    await files.write('/ada/hostile/evil\u001b]0;owned\u0007\u001b[2J.txt', 'x', { parents: true });
    await files.write('/ada/hostile/good.txt', 'x');
    writeFileSync(join(world.folder, 'long.bin'), new Uint8Array(200_000_000));
    const terminal = open(['shell']);
    const prompt = `ada@${new URL(world.server).host} > `;
    await terminal.sees(prompt);
    terminal.type('put long.bin\r');
    await terminal.sees('(1/1) /ada/long.bin');
    terminal.type('\u0003');
    await terminal.sees('stopped; what was finished stays');
    await terminal.sees(prompt);
    terminal.type('pwd\r');
    await terminal.sees('Remote working directory: /ada');
    await terminal.sees(prompt);
    terminal.type('\u001b[A\r');
    await terminal.sees('Remote working directory: /ada');
    await terminal.sees(prompt);
    // Not with the line break: a tab in the middle of what is pasted is text.
    terminal.type('ls hostile/\t');
    await terminal.sees('hostile/good.txt');
    terminal.type('\r');
    await terminal.sees(prompt);
    terminal.type('ls hostile\r');
    await terminal.sees(String.raw`evil\u{1b}]0;owned\u{7}\u{1b}[2J.txt`);
    await terminal.sees(prompt);
    terminal.type('exit\r');
    expect(await terminal.end()).toBe(0);
    for (const sequence of ['\u001b]0;owned', '\u001b[2J']) expect(terminal.sent).not.toContain(sequence);
  });

  test('a person without an account makes one', async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal);
    const terminal = open(['shell', '--username', 'grace'], { PYRGOS_PASSWORD_FILE: '' });
    await terminal.sees('Generated password: ');
    await terminal.sees('Re-enter password');
    const [, generated = ''] = /Generated password: ([^\r\n]+)/.exec(terminal.text) ?? [];
    terminal.type(`${generated}\r`);
    await terminal.sees('signup token');
    terminal.type('\r');
    await terminal.sees('grace@');
    terminal.type('pwd\r');
    await terminal.sees('Remote working directory: /grace');
    terminal.type('exit\r');
    await terminal.sees('Exiting');
    expect(await terminal.end()).toBe(0);
  });

  test('a terminal that says that it has no size asks as every other one', async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal);
    const terminal = PseudoTerminal.start(['ls'], { ...world.environment, PYRGOS_PASSWORD_FILE: '' }, world.folder, 'cols 0 rows 0');
    terminals.push(terminal);
    await terminal.sees("Enter password for 'ada'");
    terminal.type(`${password}\r`);
    expect(await terminal.end()).toBe(0);
    expect(terminal.text).not.toContain(password);
  });

  test('a person sees how far a transfer is, and a question that is not answered ends the command', async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal);
    writeFileSync(join(world.folder, 'large.bin'), new Uint8Array(30_000_000).fill(1));
    const upload = open(['put', 'large.bin']);
    await upload.sees('(1/1) /ada/large.bin');
    await upload.sees('[=');
    await upload.sees('Successfully uploaded');
    expect(await upload.end()).toBe(0);
    const asked = open(['ls'], { PYRGOS_PASSWORD_FILE: '' });
    await asked.sees("Enter password for 'ada'");
    asked.type('\u0003');
    expect(await asked.end()).toBe(130);
  });
});
