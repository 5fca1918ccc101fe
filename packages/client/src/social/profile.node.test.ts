import { ProfilePicture, ProfileText } from '@pyrgos/core/social';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { UserSession } from '../user-session.js';

let world: ServerWorld;
let ada: UserSession;
let bob: UserSession;
let people: People;

/** Bob on another device, which remembers nothing. */
const later = async (): Promise<UserSession> => people.again(bob);

beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
  [ada, bob] = await Promise.all([people.join('ada'), people.join('bob')]);
  await befriend(ada, bob);
});
afterAll(async () => world.close());

describe('what is taken away from a profile', () => {
  test('a text: whoever saw it, alone or in a group, does not see the next one', async () => {
    const { profiles } = ada;
    for (const recipient of [{ user: bob.username }, { group: 'friends' }] as const) {
      await profiles.setText(ProfileText.phone, '123');
      await profiles.setAudience(ProfileText.phone, [recipient]);
      expect((await (await later()).profiles.read(ada.username)).texts.get(ProfileText.phone)).toBe('123');
      await profiles.setText(ProfileText.phone, '');
      expect(await profiles.audience(ProfileText.phone)).toEqual([]);
      await profiles.setText(ProfileText.phone, '456');
      expect((await (await later()).profiles.read(ada.username)).texts.has(ProfileText.phone)).toBe(false);
      expect((await profiles.read()).texts.get(ProfileText.phone)).toBe('456');
    }
  });

  test('a picture: both sizes', async () => {
    const { profiles } = ada;
    const fields = [ProfilePicture.photo, ProfilePicture.original] as const;
    await profiles.setPhoto({ photo: Uint8Array.of(1), original: Uint8Array.of(1, 2) });
    for (const field of fields) await profiles.setAudience(field, [{ group: 'friends' }]);
    expect(await (await later()).profiles.photo(ada.username)).toEqual(Uint8Array.of(1));
    await profiles.setPhoto(undefined);
    for (const field of fields) expect(await profiles.audience(field)).toEqual([]);
    await profiles.setPhoto({ photo: Uint8Array.of(3) });
    expect(await (await later()).profiles.photo(ada.username)).toBeUndefined();
    expect(await profiles.photo()).toEqual(Uint8Array.of(3));
  });

  test('what was never set, or shared, can be taken away as well', async () => {
    await ada.profiles.setText(ProfileText.email, '');
    await ada.profiles.setPhoto(undefined);
    expect((await ada.profiles.read()).texts.has(ProfileText.email)).toBe(false);
  });

  test('a field that is cleared is shared with nobody any more, and neither is what is set there later', async () => {
    await ada.profiles.setText('phone', '+1');
    await ada.profiles.setPhoto({ photo: new Uint8Array([137, 80]), original: new Uint8Array([137, 80, 78]) });
    for (const field of ['phone', 'photo', 'highres'] as const) await ada.profiles.setAudience(field, [{ group: 'friends' }]);
    await ada.publishing.publish(`/${ada.username}/.profile/phone`);
    const seen = async (): Promise<readonly unknown[]> => {
      const { texts, hasPhoto, damaged } = await (await later()).profiles.read(ada.username);
      return [texts.get('phone'), hasPhoto, damaged.size];
    };
    expect(await seen()).toEqual(['+1', true, 0]);
    await ada.profiles.clear('phone');
    await ada.profiles.clear('photo');
    expect(await seen()).toEqual([undefined, false, 0]);
    for (const field of ['phone', 'photo', 'highres'] as const) expect(await ada.profiles.audience(field)).toEqual([]);
    await ada.profiles.setText('phone', '+2');
    await ada.profiles.setPhoto({ photo: new Uint8Array([137, 81]) });
    expect(await seen()).toEqual([undefined, false, 0]);
    expect(await ada.publishing.isPublished(`/${ada.username}/.profile/phone`)).toBe(false);
    await expect(ada.profiles.clear('webroot' as 'bio')).rejects.toMatchObject({ code: 'argument' });
  });
});
