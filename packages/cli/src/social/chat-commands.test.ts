import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noTerminal, PseudoTerminal } from '../../test/pseudo-terminal.js';
import { TwoPeople } from '../../test/two-people.js';

/** One PNG of one pixel. */
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

/** The last part of an id. */
const numberOf = (id: string): string => id.slice(id.lastIndexOf('$') + 1);

interface Shown {
  readonly number: number;
  readonly ref: string;
  readonly kind: string;
  readonly author: string;
  readonly text: string;
  readonly edited: boolean;
  readonly deleted: boolean;
  readonly isNew: boolean;
  readonly about: readonly string[];
  readonly attachments: readonly { readonly name: string }[];
  readonly replyTo?: { readonly ref: string; readonly text: string };
}

describe('chats', () => {
  let people: TwoPeople;
  let id = '';
  let number = '';
  beforeAll(async () => {
    people = await TwoPeople.start();
    await people.befriend();
  });
  afterAll(async () => people?.stop());

  /** What a command prints for programs: one document. */
  const document = async (who: 'ada' | 'bob', args: readonly string[]): Promise<Record<string, unknown>> => {
    const printed = await people.json(who, args);
    expect([args, printed.length]).toEqual([args, 1]);
    return printed[0] ?? {};
  };
  const messages = async (who: 'ada' | 'bob', args: readonly string[]): Promise<readonly Shown[]> =>
    (await document(who, ['chat', 'read', ...args]))['messages'] as Shown[];
  const texts = (shown: readonly Shown[]): string[] =>
    shown.filter(({ kind }) => kind === 'text').map(({ author, text }) => `${author}: ${text}`);

  test('nothing yet, nobody of the name, and wrong use are told, with exit codes', async () => {
    expect(await document('ada', ['chat', 'list'])).toEqual({ chats: [], invitations: [], damaged: [], problems: [] });
    expect(await people.asAda(['chat', 'list'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
    for (const [args, status, text] of [
      [['chat', 'read', 'bob'], 3, "There is no chat 'bob'"],
      [['chat', 'join', 'bob'], 3, 'Nobody has invited you'],
      [['chat', 'send', 'bob', ''], 2, 'The text is empty'],
      [['chat', 'send', 'bob', 'x', '--reply', '1', '--edit', '2'], 2, 'Say either --reply or --edit'],
      [['chat', 'send', 'bob', 'x', '--delete', '2'], 2, 'has no text'],
      [['chat', 'send', 'bob', '--attach', 'nowhere'], 3, 'no such file'],
      [['chat', 'send', ' ', 'x'], 2, 'Which chat'],
      [['chat', 'read', 'bob', '--before', 'x'], 2, 'number of a message'],
      [['chat', 'read', '\u001b[2J'], 3, String.raw`There is no chat '\u{1b}[2J'`],
      [['chat', 'create', 'nobody'], 3, "nobody is called 'nobody'"],
    ] as const) {
      const { status: ended, stderr } = await people.asAda(args);
      expect([args, ended, stderr]).toEqual([args, status, expect.stringContaining(text)]);
    }
  });

  test('a chat is begun, joined and named by its number, its title and the other member', async () => {
    const created = await people.asAda(['chat', 'create', 'bob', '--title', 'Sea and Sky']);
    expect([created.status, created.stderr]).toEqual([0, '']);
    id = created.stdout.trim();
    expect(id).toMatch(/^chat\$ada\$[0-9a-f-]{36}$/u);
    number = numberOf(id).slice(0, 8);
    expect(await document('bob', ['chat', 'list'])).toMatchObject({
      chats: [],
      invitations: [{ id, inviter: 'ada', title: 'Sea and Sky', isKnown: false }],
    });
    expect((await people.asBob(['chat', 'list'])).stdout).toMatch(
      new RegExp(`^${number}  'ada' invites you to 'Sea and Sky': .* chat join ${number}\n$`, 'u'),
    );
    expect(await people.asBob(['chat', 'read', 'ada'])).toMatchObject({ status: 3, stderr: expect.stringContaining('you are invited') });
    expect(await document('bob', ['chat', 'join', 'ada'])).toMatchObject({ event: 'joined', chat: { id, title: 'Sea and Sky' } });
    expect(await people.asBob(['chat', 'send', 'sea and sky'], { input: 'Hello,\nada\n' })).toMatchObject({ status: 0, stdout: '' });
    for (const name of ['bob', 'BOB', 'sea and sky', number, id])
      expect([name, texts(await messages('ada', [name, '--keep-unread']))]).toEqual([name, ['bob: Hello,\nada']]);
    const [chat] = (await document('ada', ['chat', 'list']))['chats'] as Record<string, unknown>[];
    expect(chat).toMatchObject({ id, title: 'Sea and Sky', members: ['ada', 'bob'], pending: [], admins: ['ada'], writable: 'yes' });
    expect(chat?.['unread']).toBeGreaterThan(0);
    expect((await people.asAda(['chat', 'list'])).stdout).toMatch(
      /^[0-9a-f]{8} {2}\d+ new {2}.{16} {2}Sea and Sky \(bob\) {2}bob: Hello, ada\n$/u,
    );
    expect((await people.asAda(['chat', 'read', 'bob'])).status).toBe(0);
    expect((await people.asAda(['chat', 'list'])).stdout).not.toContain('new');
  });

  test('messages are answered, edited, deleted and found', async () => {
    const hello = (await messages('ada', ['bob'])).find(({ kind }) => kind === 'text');
    const sent = await document('ada', ['chat', 'send', 'bob', 'Hello yourself', '--reply', String(hello?.number)]);
    expect(sent).toMatchObject({ event: 'sent', chat: id, message: { text: 'Hello yourself', replyTo: { ref: hello?.ref } } });
    expect((await people.asAda(['chat', 'send', 'bob', 'A typo'])).status).toBe(0);
    const typo = (await messages('ada', ['bob'])).at(-1);
    expect(await document('ada', ['chat', 'send', 'bob', 'No typo', '--edit', `#${typo?.number}`])).toMatchObject({ event: 'edited' });
    expect((await people.asAda(['chat', 'send', 'bob', 'Too much'])).status).toBe(0);
    const much = (await messages('ada', ['bob'])).at(-1);
    expect(await document('ada', ['chat', 'send', 'bob', '--delete', much?.ref ?? ''])).toMatchObject({ event: 'deleted', ref: much?.ref });
    const seen = await messages('bob', ['ada']);
    expect(texts(seen)).toEqual(['bob: Hello,\nada', 'ada: Hello yourself', 'ada: No typo', 'ada: ']);
    expect(seen.slice(-3).map(({ deleted, edited }) => [edited, deleted])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ]);
    const { stdout } = await people.asBob(['chat', 'read', 'ada', '--limit', '3']);
    expect(stdout.replaceAll(/#\d+(?: {2}.{16})?/gu, '#')).toBe(
      ['#   ada: Hello yourself', '    > # bob: Hello, ada', '#   ada: No typo (edited)', '#   ada: (deleted)', ''].join('\n'),
    );
    expect(texts(await messages('bob', ['ada', '--search', 'TYPO']))).toEqual(['ada: No typo']);
    expect(await document('bob', ['chat', 'search', 'ada', 'nothing like it'])).toMatchObject({ messages: [] });
    // Only what is one's own is changed.
    expect((await people.asBob(['chat', 'send', 'ada', '--delete', String(typo?.number)])).status).toBe(4);
    expect((await people.asBob(['chat', 'send', 'ada', 'x', '--reply', '999'])).status).toBe(3);
    expect((await people.asBob(['chat', 'send', 'ada', 'x', '--reply', 'that one'])).status).toBe(2);
    expect((await people.asBob(['chat', 'send', 'ada', 'x', '--reply', '0'])).status).toBe(2);
  });

  test('a long chat is read in pages', async () => {
    const chat = await people.ada.chats.open(id);
    for (let i = 0; i < 6; i++) await chat.send({ text: `page ${i}` });
    const first = await document('bob', ['chat', 'read', 'ada', '--limit', '2']);
    expect(texts(first['messages'] as Shown[])).toEqual(['ada: page 4', 'ada: page 5']);
    const second = await document('bob', ['chat', 'read', 'ada', '--limit', '2', '--before', String(first['before'])]);
    expect(texts(second['messages'] as Shown[])).toEqual(['ada: page 2', 'ada: page 3']);
    expect((await people.asBob(['chat', 'read', 'ada', '--limit', '2'])).stderr).toBe(
      `pyrgos: There are older ones: --before ${String(first['before'])}\n`,
    );
  });

  test('files are sent, listed and fetched', async () => {
    writeFileSync(join(people.world.folder, 'sea.png'), png);
    writeFileSync(join(people.world.folder, 'empty.txt'), '');
    mkdirSync(join(people.world.folder, 'fetched'));
    expect((await people.asAda(['chat', 'send', 'bob', '--attach', 'fetched'])).status).toBe(2);
    const sent = await people.asAda(['chat', 'send', 'bob', 'Look', '--attach', 'sea.png', '--attach', 'empty.txt']);
    expect([sent.status, sent.stderr]).toEqual([0, '']);
    const list = await document('bob', ['chat', 'media', 'ada']);
    const media = list['media'] as { readonly number: number; readonly name: string; readonly author: string }[];
    const stored = async (name: string): Promise<string> => {
      const { media: files } = await document('bob', ['chat', 'media', 'ada', '--to', 'fetched']);
      return (files as { readonly name: string; readonly local: string }[]).find((file) => file.name === name)?.local ?? '';
    };
    expect(media.map(({ author, name }) => `${author} ${name.split('.').at(-1)}`).sort()).toEqual(['ada png', 'ada txt']);
    const args = ['chat', 'media', 'ada', '--message', String(media[0]?.number), '--to', 'fetched'];
    expect(await people.asBob(args)).toMatchObject({ status: 0, stderr: '' });
    const picture = await stored(media.find(({ name }) => name.endsWith('.png'))?.name ?? '');
    expect(readFileSync(picture).equals(png)).toBe(true);
    // Once more: it is there already. Something else of the name stays as it is.
    expect((await people.asBob(args)).status).toBe(0);
    writeFileSync(picture, 'mine');
    expect(await people.asBob(args)).toMatchObject({ status: 8, stderr: expect.stringContaining('there is something at') });
    expect(readFileSync(picture, 'utf8')).toBe('mine');
    const last = (await messages('bob', ['ada'])).at(-1);
    expect(last).toMatchObject({ text: 'Look', attachments: [{}, {}] });
    expect(JSON.stringify(last)).not.toMatch(/capability|rBaseKey|"cap"/u);
    expect((await people.asBob(['chat', 'list'])).stdout).toContain('ada: Look [2 files]\n');
  });

  test('what others write cannot steer the terminal, or look like a line of somebody else', async () => {
    const chat = await people.bob.chats.open(id);
    await chat.send({
      text: 'one\n#99  2026-08-01 09:05   ada: I agree\r\n\u001b[2J\u202etwo\u2028three\u0085four\tfive \u{1f44d}\u{1f3fd}',
    });
    await people.ada.chats.refresh();
    const { stdout } = await people.asAda(['chat', 'read', 'bob', '--limit', '1']);
    expect(stdout.split('\n').slice(1)).toEqual([
      '    #99  2026-08-01 09:05   ada: I agree',
      String.raw`    \u{1b}[2J\u{202e}two`,
      '    three',
      '    four  five \u{1f44d}\u{1f3fd}',
      '',
    ]);
    expect(stdout.split('\n')[0]).toMatch(/^#\d+ {2}.{16} [ *] bob: one$/u);
    expect((await people.asAda(['chat', 'list'])).stdout.split('\n')).toHaveLength(2);
  });

  test('title, picture and admins are set and shown; who may not is told', async () => {
    expect((await people.asBob(['chat', 'admin', number, 'bob'])).status).toBe(4);
    expect((await people.asAda(['chat', 'title', number, 'Shore\u001b]0;x\u0007'])).status).toBe(0);
    expect((await people.asAda(['chat', 'title', number])).stdout).toBe(`${String.raw`Shore\u{1b}]0;x\u{7}`}\n`);
    expect(await people.json('ada', ['chat', 'admin', number, 'bob'])).toEqual([{ event: 'admin-added', chat: id, username: 'bob' }]);
    expect((await people.asAda(['chat', 'admin', number])).stdout).toBe('ada\nbob\n');
    expect((await people.asAda(['chat', 'admin', number, 'bob', '--revoke'])).status).toBe(0);
    await people.bob.chats.refresh();
    expect((await people.asBob(['chat', 'title', number, 'Shore'])).status).toBe(0);
    expect((await people.asAda(['chat', 'icon', number, 'empty.txt'])).status).toBe(2);
    expect((await people.asAda(['chat', 'icon', number, '--save', 'icon.png'])).status).toBe(3);
    expect((await people.asAda(['chat', 'icon', number, 'sea.png'])).status).toBe(0);
    await people.bob.chats.refresh();
    expect((await people.asBob(['chat', 'icon', number, '--save', 'icon.png'])).status).toBe(0);
    expect(readFileSync(join(people.world.folder, 'icon.png')).equals(png)).toBe(true);
    expect((await people.asBob(['chat', 'icon', number, '--save', 'icon.png'])).status).toBe(7);
    expect((await people.asAda(['chat', 'icon', number, '--clear'])).status).toBe(0);
    expect((await people.asAda(['chat', 'icon', number])).status).toBe(2);
    await people.ada.chats.refresh();
    expect((await people.asAda(['chat', 'title', number])).stdout).toBe('Shore\n');
  });

  test('a name that means several chats is refused with those that it may mean; nobody gets what was meant for somebody else', async () => {
    const second = (await people.asAda(['chat', 'create', 'bob'])).stdout.trim();
    const { status, stderr } = await people.asAda(['chat', 'send', 'bob', 'for whom?']);
    expect(status).toBe(2);
    expect(stderr).toContain("'bob' may be one of several chats");
    expect(stderr).toContain(`${number} ('Shore' with bob)`);
    expect(stderr).toContain(`${numberOf(second).slice(0, 8)} (with bob)`);
    const eve = await people.third('eve');
    await eve.friends.follow('ada');
    await people.ada.friends.accept('eve');
    await eve.friends.state();
    // Somebody gives a chat the name of a friend who is not in it.
    const trap = await eve.chats.create({ title: 'Bob', invite: ['ada'] });
    expect((await people.asAda(['chat', 'join', 'eve'])).status).toBe(0);
    for (const chat of [second, id]) expect((await people.asAda(['chat', 'delete', chat, '--yes'])).status).toBe(0);
    expect(await people.asAda(['chat', 'send', 'bob', 'a secret'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("'bob', whom you know, is not in it"),
    });
    expect((await people.asAda(['chat', 'send', 'eve', 'hello'])).status).toBe(0);
    expect((await people.asAda(['chat', 'delete', trap.id])).status).toBe(2);
    expect(await document('ada', ['chat', 'members', 'eve'])).toMatchObject({
      members: expect.arrayContaining([
        expect.objectContaining({ username: 'ada', state: 'joined', isSelf: true, isAdmin: false }),
        expect.objectContaining({ username: 'eve', state: 'joined', isSelf: false, isAdmin: true }),
      ]),
    });
    expect((await people.asAda(['chat', 'leave', 'eve'])).status).toBe(0);
    eve.close();
  });

  test('members are invited, removed and invited again; what is written meanwhile they do not read', async () => {
    id = (await people.asAda(['chat', 'create', '--title', 'Group'])).stdout.trim();
    expect(await people.json('ada', ['chat', 'invite', 'group', 'bob'])).toEqual([
      { event: 'invited', chat: id, users: ['bob'], present: [] },
    ]);
    expect((await people.asAda(['chat', 'members', 'group'])).stdout).toMatch(/^ada +admin, you\nbob +invited, not here yet\n$/u);
    expect(await people.asAda(['chat', 'invite', 'group', 'nobody-here'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("nobody is called 'nobody-here'"),
    });
    expect((await people.asBob(['chat', 'join', 'group'])).status).toBe(0);
    expect((await people.asAda(['chat', 'send', 'group', 'before'])).status).toBe(0);
    expect(texts(await messages('bob', ['group']))).toEqual(['ada: before']);
    expect(await people.json('ada', ['chat', 'remove', 'group', 'bob'])).toEqual([{ event: 'removed', chat: id, username: 'bob' }]);
    expect((await people.asAda(['chat', 'remove', 'group', 'eve'])).status).not.toBe(0);
    expect((await people.asAda(['chat', 'members', 'group'])).stdout).toContain('not in it any more');
    await people.ada.chats.open(id).then(async (chat) => chat.send({ text: 'after' }).catch(() => undefined));
    expect(texts(await messages('bob', [id]))).toEqual(['ada: before']);
    expect((await people.asAda(['chat', 'invite', id, 'bob'])).status).toBe(0);
    expect((await people.asBob(['chat', 'join', id])).status).toBe(0);
    expect((await people.asBob(['chat', 'send', id, 'back'])).status).toBe(0);
    expect(texts(await messages('ada', [id]))).toContain('bob: back');
    expect((await people.asBob(['chat', 'leave', id])).status).toBe(0);
    expect((await people.asBob(['chat', 'send', id, 'x'])).status).toBe(4);
    expect((await people.asBob(['chat', 'delete', id, '--yes', '--no-leave'])).status).toBe(0);
    expect(await document('bob', ['chat', 'list', '--no-refresh'])).not.toMatchObject({ chats: [{ id }] });
    expect(existsSync(join(people.world.folder, 'state'))).toBe(false);
  });

  test('watching prints what comes, in the order in which it came, until Ctrl-C', async () => {
    const chat = await people.ada.chats.create({ title: 'Live', invite: ['bob'] });
    const theirs = await people.bob.chats.join({ id: chat.id, inviter: 'ada' });
    await chat.refresh();
    const lines: Record<string, unknown>[] = [];
    let rest = '';
    const { status, stderr } = await people.asAda(['chat', 'watch', 'live', '--every', '1', '--mark-read', '--json'], {
      watch: (child) => {
        child.stdout?.on('data', (text: string) => {
          rest += text;
          const whole = rest.split('\n');
          rest = whole.pop() ?? '';
          for (const line of whole) lines.push(JSON.parse(line) as Record<string, unknown>);
          if (lines.length === 1) void theirs.send({ text: 'first' }).then(async () => theirs.send({ text: 'second' }));
          if (lines.length === 3) {
            void expect
              .poll(async () => chat.unread(), { timeout: 30_000 })
              .toBe(0)
              .finally(() => child.kill('SIGINT'));
          }
        });
      },
    });
    expect([stderr, status]).toEqual(['', 0]);
    expect(lines).toEqual([
      { event: 'watching', chats: [chat.id] },
      { event: 'message', chat: { id: chat.id, title: 'Live' }, message: expect.objectContaining({ author: 'bob', text: 'first' }) },
      { event: 'message', chat: { id: chat.id, title: 'Live' }, message: expect.objectContaining({ author: 'bob', text: 'second' }) },
    ]);
  });

  test('the shell has commands for chats, too', async () => {
    const { status, stderr, stdout } = await people.asAda(['shell'], {
      input: ['chat_create bob', 'chat_send live "good evening"', 'chat_read live', 'chats', 'chat_members live', 'chat_read nowhere'].join(
        '\n',
      ),
    });
    expect(status).toBe(8);
    expect(stderr).toContain("There is no chat 'nowhere'");
    expect(stdout).toContain('ada: good evening\n');
    expect(stdout).toContain('Live (bob)');
  });

  test('Tab completes chats by their titles, their people and their numbers', async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal);
    const shown = numberOf((await people.ada.chats.create({ title: 'Two words' })).id).slice(0, 8);
    const terminal = PseudoTerminal.start(['shell'], people.world.environment, people.world.folder);
    try {
      const prompt = `ada@${new URL(people.world.server).host} > `;
      await terminal.sees(prompt);
      for (const [typed, completed] of [
        ['chat_read Two\t', String.raw`chat_read Two\ words`],
        [`chat_read ${shown.slice(0, 5)}\t`, `chat_read ${shown}`],
        ['chat_invite Two\\ words bo\t', String.raw`chat_invite Two\ words bob`],
      ] as const) {
        terminal.type(typed);
        await terminal.sees(completed);
        terminal.type('\u0003');
        await terminal.sees(prompt);
      }
      terminal.type('exit\r');
      expect(await terminal.end()).toBe(0);
    } finally {
      terminal.kill();
    }
  });
});
