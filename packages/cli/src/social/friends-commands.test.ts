import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TwoPeople } from '../../test/two-people.js';

describe('people', () => {
  let people: TwoPeople;
  beforeAll(async () => {
    people = await TwoPeople.start();
  });
  afterAll(async () => people?.stop());

  test('nobody, oneself, and answers that nobody waits for are told, with exit codes', async () => {
    expect(await people.asAda(['follow', 'nobody'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("nobody is called 'nobody'"),
    });
    expect(await people.asAda(['follow', 'ada'])).toMatchObject({ status: 2, stderr: expect.stringContaining('somebody else') });
    const accepted = await people.asAda(['accept', 'bob']);
    expect(accepted).toMatchObject({ status: 3, stdout: '' });
    expect(accepted.stderr).toBe("pyrgos: Could not process request from 'bob' - they haven't sent you a follow-request.\n");
    for (const name of ['', 'a/b'])
      for (const command of [['profile', 'show'], ['unfollow']])
        expect(await people.asAda([...command, name])).toMatchObject({ status: 2, stderr: expect.stringContaining('no user name') });
    for (const command of [['unfollow'], ['block'], ['profile', 'show']])
      for (const name of ['nobody', '__proto__'])
        expect([command, await people.asAda([...command, name])]).toMatchObject([command, { status: 3, stdout: '' }]);
    expect((await people.asAda(['unblock', 'bob'])).status).toBe(3);
    expect((await people.asAda(['remove-follower', 'bob'])).status).toBe(3);
    expect(await people.asAda(['requests'])).toMatchObject({ status: 0, stdout: '' });
    expect(await people.asAda(['friends'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('a request is sent, seen, refused, sent again and accepted on one side, and the other side follows later', async () => {
    expect(await people.json('bob', ['follow', ' Ada '])).toEqual([{ event: 'requested', username: 'ada' }]);
    expect(await people.json('bob', ['friends'])).toEqual([expect.objectContaining({ username: 'ada', isAsked: true, isFollower: false })]);
    expect(await people.json('ada', ['requests'])).toEqual([{ username: 'bob', isChecked: true, isFollower: false, isFollowed: false }]);
    expect((await people.asAda(['requests'])).stdout).toBe('bob  wants to follow you, and lets you follow them\n');
    expect((await people.asAda(['friends'])).stderr).toMatch(/^pyrgos: 1 follow request waits: .* requests\n$/u);
    expect((await people.asAda(['deny', 'bob'])).status).toBe(0);
    expect(await people.json('ada', ['requests'])).toEqual([{ event: 'summary', requests: 0 }]);

    await people.bob.friends.state();
    expect((await people.asBob(['follow', 'ada'])).status).toBe(0);
    expect(await people.json('ada', ['accept', 'bob', '--no-follow-back'])).toEqual([
      { event: 'answered', username: 'bob', action: 'accept' },
    ]);
    expect(await people.asAda(['friends'])).toMatchObject({ stdout: 'bob  follows you\n' });
    expect(await people.asBob(['friends'])).toMatchObject({ stdout: 'ada  you follow\n' });
    expect(await people.asBob(['follow', 'ada'])).toMatchObject({ status: 7, stderr: 'pyrgos: You follow this user already.\n' });

    expect((await people.asAda(['follow', 'bob'])).status).toBe(0);
    expect((await people.asBob(['accept', 'ada', 'nobody'])).status).toBe(8);
    expect(await people.asAda(['friends'])).toMatchObject({ stdout: 'bob  friend\n' });
  });

  test('both see one safety number; the wrong digits are refused, the right ones are noted', async () => {
    const [number] = await people.json('ada', ['safety-number', 'bob']);
    const [theirs] = await people.json('bob', ['safety-number', 'ada']);
    expect(number).toMatchObject({ username: 'bob', status: 'unverified', safetyNumber: theirs?.['safetyNumber'] });
    const digits = String(number?.['safetyNumber']);
    expect(digits).toMatch(/^\d{60}$/u);
    const shown = (await people.asAda(['safety-number', 'bob'])).stdout;
    expect(shown.split('\n')[0]?.replaceAll(' ', '')).toBe(digits);
    for (const wrong of ['12345', 'abc']) expect((await people.asAda(['safety-number', 'bob', '--matches', wrong])).status).toBe(2);
    const other = `${digits[0] === '1' ? '2' : '1'}${digits.slice(1)}`;
    expect(await people.asAda(['safety-number', 'bob', '--matches', other])).toMatchObject({
      status: 9,
      stdout: expect.stringContaining('NOT THE SAME'),
    });
    expect((await people.asAda(['safety-number', 'bob', '--matches', shown.split('\n')[0] ?? ''])).status).toBe(0);
    expect(await people.asAda(['friends'])).toMatchObject({ stdout: 'bob  friend, verified\n' });
    expect((await people.asAda(['safety-number', 'bob', '--forget'])).status).toBe(0);
    expect(await people.asAda(['friends'])).toMatchObject({ stdout: 'bob  friend\n' });
  });

  test('whoever is not wanted is not followed, and follows no more', async () => {
    expect(await people.json('ada', ['unfollow', 'bob'])).toEqual([{ event: 'unfollowed', username: 'bob', changed: true }]);
    expect(await people.asAda(['friends'])).toMatchObject({ stdout: 'bob  follows you, blocked\n' });
    expect((await people.asAda(['unblock', 'bob'])).status).toBe(0);
    expect(await people.asAda(['friends'])).toMatchObject({ stdout: 'bob  friend\n' });
    expect((await people.asAda(['unfollow', 'bob'])).status).toBe(0);
    expect((await people.asAda(['remove-follower', 'bob'])).status).toBe(0);
    expect(await people.asAda(['friends'])).toMatchObject({ stdout: 'bob  blocked\n' });
  });

  test('what is asked and shared meanwhile is seen without looking at friends before; blocked is blocked both ways', async () => {
    const eve = await people.third('eve');
    await eve.friends.follow('bob');
    expect((await people.asBob(['accept', 'eve', '--no-follow-back'])).status).toBe(0);
    expect((await people.asBob(['follow', 'eve'])).status).toBe(0);
    expect(await eve.friends.accept('bob')).toBe(true);
    await eve.files.write('/eve/letter.txt', 'dear bob');
    await eve.shares.share('/eve/letter.txt', [{ user: 'bob' }]);
    expect(await people.asBob(['cat', '/eve/letter.txt'])).toMatchObject({ status: 0, stdout: 'dear bob' });
    await people.bob.files.write('/bob/answer.txt', 'dear eve');
    await people.bob.shares.share('/bob/answer.txt', [{ user: 'eve' }]);
    expect(await people.json('bob', ['block', 'eve'])).toEqual([{ event: 'blocked', username: 'eve', changed: true }]);
    expect((await people.asBob(['cat', '/eve/letter.txt'])).status).toBe(3);
    expect(await people.asBob(['friends'])).toMatchObject({ stdout: expect.stringContaining('eve  blocked\n') });
    expect((await people.asBob(['share', 'answer.txt', 'eve'])).status).toBe(3);
    eve.files.refresh();
    await expect(eve.files.readText('/bob/answer.txt')).rejects.toMatchObject({ code: 'not-found.file' });
  });
});
