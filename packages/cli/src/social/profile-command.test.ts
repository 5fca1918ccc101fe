import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TwoPeople } from '../../test/two-people.js';

describe('profiles', () => {
  let people: TwoPeople;
  beforeAll(async () => {
    people = await TwoPeople.start();
    await people.befriend();
  });
  afterAll(async () => people?.stop());

  test('a field is set, shown, seen by those who are named, and taken away', async () => {
    expect((await people.asAda(['profile'])).stdout).toBe('username  ada\n');
    expect((await people.asAda(['profile', 'set', 'firstname', 'Ada', '--group', 'friends'])).status).toBe(0);
    expect((await people.asAda(['profile', 'set', 'bio', '-'], { input: 'one\n\u001b[2Jtwo\n' })).status).toBe(0);
    expect((await people.asAda(['profile', 'set', 'phone', '123', '--user', 'bob'])).status).toBe(0);
    expect((await people.asAda(['profile'])).stdout).toBe(
      [
        'username   ada',
        'firstname  Ada                   (seen by all friends)',
        String.raw`bio        one\u{a}\u{1b}[2Jtwo  (seen by nobody else)`,
        'phone      123                   (seen by bob)',
        '',
      ].join('\n'),
    );
    expect(await people.json('bob', ['profile', 'ada'])).toEqual([
      { username: 'ada', fields: { firstname: 'Ada', phone: '123' }, hasPhoto: false },
    ]);
    expect((await people.asAda(['profile', 'set', 'phone', '--nobody'])).status).toBe(0);
    expect((await people.asAda(['profile', 'set', 'firstname', '--clear'])).status).toBe(0);
    expect((await people.asBob(['profile', 'show', 'ada'])).stdout).toBe('username  ada\n');
    // Who saw it does not see what is set later.
    expect((await people.asAda(['profile', 'set', 'firstname', 'Augusta'])).status).toBe(0);
    expect((await people.asAda(['profile'])).stdout).toContain('Augusta               (seen by nobody else)');
    expect((await people.asBob(['profile', 'show', 'ada'])).stdout).toBe('username  ada\n');
    for (const args of [
      ['profile', 'set', 'phone'],
      ['profile', 'set', 'phone', '--clear', '--user', 'bob'],
      ['profile', 'set', 'shoe-size', '43'],
      ['profile', 'set', 'phone', '1', '--clear'],
      ['profile', 'set', 'phone', '--nobody', '--user', 'bob'],
    ]) {
      expect([args, (await people.asAda(args)).status]).toEqual([args, 2]);
    }
    expect((await people.asAda(['profile', 'set', 'phone', '1', '--user', 'carol'])).status).toBe(3);
  });

  test('a picture is set, fetched into a new file, and taken away', async () => {
    const picture = join(people.world.folder, 'picture');
    const png = Buffer.from('\u0089PNG\r\n\u001a\nthe rest', 'latin1');
    writeFileSync(picture, png);
    expect((await people.asAda(['profile', 'set', 'photo', 'picture', '--user', 'bob'])).status).toBe(0);
    expect((await people.asBob(['profile', 'photo', 'fetched', '--of', 'ada'])).status).toBe(0);
    expect(readFileSync(join(people.world.folder, 'fetched')).equals(png)).toBe(true);
    expect((await people.asBob(['profile', 'photo', 'fetched', '--of', 'ada'])).status).toBe(7);
    expect((await people.asAda(['profile', 'set', 'photo', '--clear'])).status).toBe(0);
    expect((await people.asBob(['profile', 'photo', 'other', '--of', 'ada'])).status).toBe(3);
  });

  test('what is no picture, or has no end, is refused before it is stored; a text that is too long is wrong use', async () => {
    writeFileSync(join(people.world.folder, 'text'), 'not a picture');
    writeFileSync(join(people.world.folder, 'huge'), '');
    truncateSync(join(people.world.folder, 'huge'), 3_000_000_000);
    for (const [file, text] of [
      ['text', 'is no picture'],
      ['huge', 'is too large'],
      ['/dev/zero', 'is no file'],
    ] as const)
      expect(await people.asAda(['profile', 'set', 'photo', file])).toMatchObject({ status: 2, stderr: expect.stringContaining(text) });
    expect(await people.json('ada', ['profile'])).toMatchObject([{ hasPhoto: false }]);
    expect((await people.asAda(['profile', 'set', 'firstname', 'x'.repeat(300)])).status).toBe(2);
  });
});
