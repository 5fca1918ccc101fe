import type { FriendsState } from '@pyrgos/client';
import { expect, test } from 'vitest';
import { factsOf, relationText } from './friends.js';

test('what is printed of people says how one stands to them, and warns of whoever is not who they were', () => {
  const state: FriendsState = {
    incoming: [],
    outgoing: ['asked'],
    followers: ['fan', 'friend', 'leaving', 'other'],
    removing: ['leaving'],
    following: ['friend', 'star'],
    friends: ['friend'],
    blocked: ['blocked'],
    changed: ['other'],
    unreachable: ['star'],
    verified: ['friend'],
    groups: new Map(),
  };
  const printed = (name: string): string => relationText(factsOf(state, name));
  expect(printed('friend')).toBe('friend, verified');
  expect(printed('fan')).toBe('follows you');
  expect(printed('star')).toBe('you follow, server away');
  expect(printed('asked')).toBe('asked, no answer yet');
  expect(printed('blocked')).toBe('blocked');
  expect(printed('other')).toBe(
    'follows you, NOT WHO THEY WERE: the server shows somebody else under this name; you do not follow them any more',
  );
  expect(printed('leaving')).toBe('follows you, being removed');
  expect(printed('nobody')).toBe('');
  expect(factsOf(state, 'other')).toMatchObject({ isReplaced: true, isFollowed: false });
});
