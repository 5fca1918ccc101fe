import type { FriendsState } from '@pyrgos/client';
import { expect, test } from 'vitest';
import { everybodyIn, listPeople } from './people-list.js';

const nobody: FriendsState = {
  incoming: [],
  outgoing: [],
  followers: [],
  removing: [],
  following: [],
  friends: [],
  blocked: [],
  changed: [],
  unreachable: [],
  verified: [],
  groups: new Map(),
};

test('everybody is in one list', () => {
  const friends: FriendsState = {
    ...nobody,
    incoming: [
      { username: 'asks', isChecked: true },
      { username: 'blocked', isChecked: true },
    ],
    outgoing: ['asked'],
    followers: ['blocked', 'fan', 'friend', 'other'],
    removing: ['fan'],
    following: ['friend', 'star'],
    friends: ['friend'],
    blocked: ['blocked'],
    changed: ['gone', 'other'],
    unreachable: ['star'],
  };
  const { requests, sent, replaced, known, blocked } = listPeople(friends, (name) => (name === 'friend' ? 'verified' : 'unverified'));
  expect(requests.map(({ username }) => username)).toEqual(['asks']);
  expect(sent.map(({ username }) => username)).toEqual(['asked']);
  expect(replaced).toEqual([
    { username: 'gone', verification: 'unverified', isFollower: false },
    { username: 'other', verification: 'unverified', isFollower: true },
  ]);
  expect(known).toEqual([
    { username: 'fan', verification: 'unverified', isFollower: true, isFollowed: false, isReachable: true, isBeingRemoved: true },
    { username: 'friend', verification: 'verified', isFollower: true, isFollowed: true, isReachable: true, isBeingRemoved: false },
    { username: 'star', verification: 'unverified', isFollower: false, isFollowed: true, isReachable: false, isBeingRemoved: false },
  ]);
  expect(blocked).toEqual([{ username: 'blocked', verification: 'unverified', isFollower: true, hasAsked: true }]);
  expect([...everybodyIn(friends)].toSorted()).toEqual(['asked', 'asks', 'blocked', 'fan', 'friend', 'gone', 'other', 'star']);
});

test('somebody in whose place another is shown, and who was blocked, stays among the blocked', () => {
  const { replaced, blocked } = listPeople({ ...nobody, blocked: ['eve'], changed: ['eve'] }, () => 'unverified');
  expect(replaced).toEqual([]);
  expect(blocked.map(({ username }) => username)).toEqual(['eve']);
});
