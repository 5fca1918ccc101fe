import { afterAll, beforeAll, expect, test } from 'vitest';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { UserSession } from '../user-session.js';

let world: ServerWorld;
let ada: UserSession;
let bob: UserSession;
beforeAll(async () => {
  world = await ServerWorld.start();
  const people = new People(world);
  [ada, bob] = [await people.join('ada'), await people.join('bob')];
  await befriend(ada, bob);
});
afterAll(async () => world.close());

test('a field that is cleared is shared with nobody any more, and neither is what is set there later', async () => {
  await ada.profiles.setText('phone', '+1');
  await ada.profiles.setPhoto({ photo: new Uint8Array([137, 80]), original: new Uint8Array([137, 80, 78]) });
  for (const field of ['phone', 'photo', 'highres'] as const) await ada.profiles.setAudience(field, [{ group: 'friends' }]);
  await ada.publishing.publish('/ada/.profile/phone');
  const seen = async (): Promise<readonly unknown[]> => {
    bob.files.refresh();
    const { texts, hasPhoto, damaged } = await bob.profiles.read('ada');
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
  expect(await ada.publishing.isPublished('/ada/.profile/phone')).toBe(false);
  await expect(ada.profiles.clear('webroot' as 'bio')).rejects.toMatchObject({ code: 'argument' });
});
