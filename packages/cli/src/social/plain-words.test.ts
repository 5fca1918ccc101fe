import { afterAll, beforeAll, expect, test } from 'vitest';
import { TwoPeople } from '../../test/two-people.js';

let people: TwoPeople;
beforeAll(async () => {
  people = await TwoPeople.start();
  await people.befriend();
  const { files, publishing } = people.ada;
  await files.write('/ada/site/a.txt', 'a', { parents: true });
  await files.write(String.raw`/ada/back\slash`, 'b');
  await publishing.publish('/ada/site');
  await people.bob.files.makeDirectory('/bob/in');
  await people.bob.shares.share('/bob/in', [{ user: 'ada' }], { access: 'write' });
});
afterAll(async () => people?.stop());

test.each([
  [['follow', 'ada'], 'that is your own name: name somebody else'],
  [['unfollow', 'ada'], 'that is your own name: name somebody else'],
  [['block', 'ada'], 'that is your own name: name somebody else'],
  [['unblock', 'ada'], 'that is your own name: name somebody else'],
  [['accept', 'ada'], 'that is your own name: name somebody else'],
  [['remove-follower', 'ada'], 'that is your own name: name somebody else'],
  [['share', 'site', 'ada'], 'that is your own name: name somebody else'],
  [['follow', 'ä'], 'nobody can have this name: user names have'],
  [['share', '/ada', 'bob'], 'that cannot be done with a home directory as a whole: name a file or directory in it'],
  [['link', 'create', '/ada'], 'that cannot be done with a home directory as a whole'],
  [['publish', '/ada'], 'that cannot be done with a home directory as a whole'],
  [['publish', '/ada/shared'], 'the account itself needs the directory shared'],
  [['link', 'create', '/ada/shared'], 'the account itself needs the directory shared'],
  [['publish', '--web-site', '/ada/site/a.txt'], 'that is a file: name a directory'],
  [['publish', String.raw`/ada/back\slash`], String.raw`what is published cannot have a \ in its path`],
  [['unpublish', '/ada/site/a.txt'], 'everybody can read this because /ada/site is published: unpublish that'],
  [['mv', '/ada/site/a.txt', '/bob/in'], 'nothing can be moved to another user: copy it there, and remove it here'],
])('what was typed wrongly is told in words of people: %j', async (args, text) => {
  const { status, stderr } = await people.asAda(args);
  expect([status, stderr]).toEqual([2, expect.stringContaining(text)]);
  // The names of arguments are those of programmers.
  expect(stderr).not.toMatch(/\bmust (?:not )?be\b|(?:username|request|recipients\[\d\]): |^pyrgos: (?:path|directory): /u);
  expect(stderr).toMatch(/^pyrgos: /u);
});
