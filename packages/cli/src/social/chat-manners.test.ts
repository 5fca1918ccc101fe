import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Chat, UserSession } from '@pyrgos/client';
import { MAX_CHAT_MESSAGE_SIZE } from '@pyrgos/core/limits';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TwoPeople } from '../../test/two-people.js';

interface Shown {
  readonly number: number;
  readonly ref: string;
  readonly kind: string;
  readonly text: string;
}

describe('chats for people who begin with them', () => {
  let people: TwoPeople;
  let eve: UserSession;
  let chat: Chat;
  let theirs: Chat;
  beforeAll(async () => {
    people = await TwoPeople.start();
    await people.befriend();
    eve = await people.third('eve');
    await eve.friends.follow('ada');
    await people.ada.friends.accept('eve');
    await eve.friends.state();
    chat = await people.ada.chats.create({ title: 'Sailing', invite: ['bob'] });
    theirs = await people.bob.chats.join({ id: chat.id, inviter: 'ada' });
    await chat.refresh();
  });
  afterAll(async () => {
    eve?.close();
    await people?.stop();
  });
  const numberOf = (id: string): string => id.slice(id.lastIndexOf('$') + 1).slice(0, 8);
  const newest = async (): Promise<Shown> => {
    const [printed] = await people.json('ada', ['chat', 'read', chat.id]);
    const shown = (printed?.['messages'] as Shown[] | undefined)?.at(-1);
    if (shown === undefined) throw new Error('nothing is shown');
    return shown;
  };

  test('who joins once more, or invites somebody who is there, is told so', async () => {
    for (const name of ['sailing', chat.id, numberOf(chat.id)]) {
      expect(await people.asBob(['chat', 'join', name])).toMatchObject({ status: 0, stderr: '' });
      expect(await people.json('bob', ['chat', 'join', name])).toMatchObject([{ event: 'present', chat: { id: chat.id } }]);
    }
    // The name of a person may mean an invitation that has not come yet.
    expect((await people.asBob(['chat', 'join', 'ada'])).status).toBe(3);
    expect(await people.asAda(['chat', 'invite', 'sailing', 'bob'])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: "pyrgos: 'bob' is in the chat already.\n",
    });
    expect(await people.json('ada', ['chat', 'invite', 'sailing', 'bob', 'eve'])).toEqual([
      { event: 'invited', chat: chat.id, users: ['eve'], present: ['bob'] },
    ]);
    expect(await people.json('ada', ['chat', 'invite', 'sailing', 'eve'])).toMatchObject([{ users: ['eve'], present: [] }]);
  });

  test('the command that accepts an invitation is told whole', async () => {
    const other = await people.ada.chats.create({ title: 'Elsewhere', invite: ['bob'] });
    expect(await people.asBob(['chat', 'read', 'elsewhere'])).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(new RegExp(`you are invited, and .* chat join ${numberOf(other.id)} lets you in`, 'u')),
    });
    await people.ada.chats.delete(other.id);
  });

  test('a text that is none is not sent', async () => {
    for (const input of [Buffer.from([0xff, 0xfe, 0x00]), Buffer.from('half \u00e9').subarray(0, 6), Buffer.from('a\0b')]) {
      expect(await people.asAda(['chat', 'send', 'sailing'], { input })).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('--attach FILE'),
      });
    }
    const long = 'x'.repeat(MAX_CHAT_MESSAGE_SIZE + 1);
    expect(await people.asAda(['chat', 'send', 'sailing'], { input: long })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('too long for a message'),
    });
    expect((await newest()).kind).not.toBe('text');
    expect((await people.asAda(['chat', 'send', 'sailing', '-'], { input: 'Gr\u00fc\u00dfe \u{1f44d}\r\n' })).status).toBe(0);
    expect((await newest()).text).toBe('Gr\u00fc\u00dfe \u{1f44d}');
  });

  test('what was deleted is told', async () => {
    await chat.send({ text: 'Too much' });
    const { number, ref } = await newest();
    expect(await people.json('ada', ['chat', 'send', 'sailing', '--delete', `${number}`])).toEqual([
      { event: 'deleted', chat: chat.id, ref, number, text: 'Too much' },
    ]);
  });

  test('a long title and many people do not push aside the messages in a list', async () => {
    const title = `${'A very long title '.repeat(6)}!`;
    expect((await people.asAda(['chat', 'title', 'sailing', title])).status).toBe(0);
    const { stdout } = await people.asAda(['chat', 'list']);
    expect(stdout).toContain(`  ${title.slice(0, 39)}\u2026 (bob, eve (invited))  ada gave the chat the title 'A very long title`);
    expect(stdout).not.toContain('!');
    expect(await people.json('ada', ['chat', 'list'])).toMatchObject([{ chats: [{ title }] }]);
  });

  test('the beginning of a title names a chat where it is that of one alone, and which one is told; nothing is deleted by it', async () => {
    expect((await people.asAda(['chat', 'title', chat.id, 'Sailing in May'])).status).toBe(0);
    const sent = await people.asAda(['chat', 'send', 'SAILING', 'still there']);
    expect(sent).toMatchObject({ status: 0, stderr: "pyrgos: 'SAILING' is taken for Sailing in May (bob, eve (invited))\n" });
    expect((await newest()).text).toBe('still there');
    expect((await people.asAda(['chat', 'send', 'sa', 'x'])).status).toBe(3);
    for (const what of [
      ['delete', 'sailing', '--yes'],
      ['leave', 'sailing'],
    ]) {
      expect(await people.asAda(['chat', ...what])).toMatchObject({ status: 3, stderr: expect.stringContaining(numberOf(chat.id)) });
    }
    const second = await people.ada.chats.create({ title: 'Sailing in June' });
    expect(await people.asAda(['chat', 'send', 'sailing', 'x'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('may be one of several chats'),
    });
    expect((await people.asAda(['chat', 'send', 'sailing in june', 'x'])).status).toBe(0);
    // A title that begins as somebody is called whom the account knows, and who is not in the chat.
    const trap = await people.ada.chats.create({ title: 'Eve and the others' });
    expect((await people.asAda(['chat', 'send', 'eve', 'x'])).status).toBe(2);
    for (const { id } of [second, trap]) await people.ada.chats.delete(id);
  });

  test('files are stored under the day, who has sent them and what is unique, in a folder that is made', async () => {
    const folder = join(people.world.folder, 'new');
    writeFileSync(join(people.world.folder, 'note.txt'), 'a note');
    expect((await people.asAda(['chat', 'send', chat.id, '--attach', 'note.txt'])).status).toBe(0);
    expect(await people.asBob(['chat', 'media', chat.id, '--to', 'new'])).toMatchObject({ status: 0, stderr: '' });
    const [stored = ''] = readdirSync(folder);
    expect(stored).toMatch(/^\d{4}-\d\d-\d\d-ada-[0-9a-f]{8}-[0-9a-f]{4}\.txt$/u);
    expect(await people.asBob(['chat', 'media', chat.id, '--to', 'new'])).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(folder)).toEqual([stored]);
    expect(await people.asBob(['chat', 'media', chat.id, '--to', 'nowhere/new'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining(join('nowhere', 'new')),
    });
    expect(await people.asBob(['chat', 'media', chat.id, '--to', 'note.txt'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no folder'),
    });
    mkdirSync(join(people.world.folder, 'there'));
    expect(await people.asBob(['chat', 'media', chat.id, '--to', 'there'])).toMatchObject({ status: 0, stderr: '' });
  });

  test('watching tells what is edited and deleted, once', async () => {
    const old = await theirs.send({ text: 'old' });
    const older = await theirs.send({ text: 'older' });
    await chat.refresh();
    const lines: Record<string, unknown>[] = [];
    let rest = '';
    const { status, stderr } = await people.asAda(['chat', 'watch', chat.id, '--every', '1', '--json'], {
      watch: (child) => {
        child.stdout?.on('data', (text: string) => {
          rest += text;
          const whole = rest.split('\n');
          rest = whole.pop() ?? '';
          for (const line of whole) {
            lines.push(JSON.parse(line) as Record<string, unknown>);
            if (lines.length === 1) void theirs.edit(old.ref, 'old, edited');
            if (lines.length === 2) void theirs.deleteMessage(older.ref);
            if (lines.length === 3) void theirs.send({ text: 'new' });
            if (lines.length === 4) child.kill('SIGINT');
          }
        });
      },
    });
    expect([stderr, status]).toEqual(['', 0]);
    const named = { id: chat.id, title: 'Sailing in May' };
    expect(lines.slice(1)).toEqual([
      { event: 'edited', chat: named, message: expect.objectContaining({ ref: old.ref, text: 'old, edited', edited: true }) },
      { event: 'deleted', chat: named, message: expect.objectContaining({ ref: older.ref, text: '', deleted: true }) },
      { event: 'message', chat: named, message: expect.objectContaining({ text: 'new' }) },
    ]);
  });

  test('who was removed, and cannot read anybody who knows of it, is warned', async () => {
    const group = await people.ada.chats.create({ title: 'Group', invite: ['bob', 'eve'] });
    // Nobody else is in it yet: nothing is wrong with that.
    expect(await people.asAda(['chat', 'send', 'group', 'first'])).toMatchObject({ status: 0, stderr: '' });
    await people.bob.chats.join({ id: group.id, inviter: 'ada' });
    await eve.chats.join({ id: group.id, inviter: 'ada' });
    await group.refresh();
    expect(await people.json('bob', ['chat', 'send', group.id, 'hello'])).toMatchObject([{ event: 'sent', heard: true }]);
    expect(await people.json('bob', ['chat', 'read', group.id])).toMatchObject([{ heard: true }]);
    await group.refresh();
    await group.remove('bob');
    const warning = expect.stringContaining('perhaps you were removed, and nobody reads what you write');
    for (const args of [
      ['send', group.id, 'anybody?'],
      ['read', group.id],
      ['send', group.id, 'hello?'],
    ])
      expect(await people.asBob(['chat', ...args])).toMatchObject({ status: 0, stderr: warning });
    expect(await people.json('bob', ['chat', 'read', group.id])).toMatchObject([{ heard: false }]);
    expect(await people.asAda(['chat', 'read', group.id])).toMatchObject({ status: 0, stderr: '' });
  });
});
