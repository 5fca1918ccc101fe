import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex, utf8Decode, utf8Encode } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborValue } from '../codec/cbor-value.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import {
  MAX_PROFILE_BIO_LENGTH,
  MAX_PROFILE_EMAIL_LENGTH,
  MAX_PROFILE_NAME_LENGTH,
  MAX_PROFILE_PHONE_LENGTH,
  MAX_PROFILE_STATUS_LENGTH,
  MAX_PROFILE_TEXT_SIZE,
  MAX_PROFILE_WEBROOT_LENGTH,
} from '../limits.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import v from '../../../../vectors/06/posts.json' with { type: 'json' };
import { decodeFeedIndex, encodeFeedIndex, FeedState, readFeed, SharedItem } from './feed.js';
import { ProcessedCaps } from './processed-caps.js';
import { decodeProfileText, encodeProfileText, longestProfileText, profilePath, ProfilePicture, ProfileText } from './profile.js';

const capability = AbsoluteCapability.decode(fromHex(v.readOnly));
const stateOf = (feedBytes: number, feedItems: number): FeedState =>
  FeedState.fromCbor(new Map(Object.entries<CborValue>({ b: feedBytes, p: new Map(), r: feedItems, s: 0 })));
const item = (path: string): SharedItem => SharedItem.of({ capability, owner: 'alice', sharer: 'bob', path });

test('an item of the feed', () => {
  expect(toHex(item('/alice/a').encode())).toBe(v.item);
  expect(SharedItem.decode(fromHex(v.item)).equals(item('/alice/a'))).toBe(true);
  expect(() => SharedItem.of({ capability, owner: '.', sharer: 'bob', path: '' })).toThrow(ArgumentError);
  expect(() => SharedItem.of(undefined as never)).toThrow(ArgumentError);
});

describe('FeedState', () => {
  test('a new feed', () => {
    expect(toHex(FeedState.empty.encode())).toBe(v.emptyFeed);
    expect(FeedState.decode(fromHex(v.emptyFeed)).equals(FeedState.empty)).toBe(true);
    expect(FeedState.empty.hasUnseen).toBe(false);
  });

  test.each(v.invalidStates)('refused: $reason', ({ cbor }) => {
    expect(() => FeedState.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('items come, and are seen', () => {
    const { bytes, state } = FeedState.empty.append([item('/alice/a'), item('/alice/b')]);
    expect(state).toMatchObject({ feedBytes: bytes.length, feedItems: 2, seenItems: 0, hasUnseen: true });
    expect(state.withSeen(2).hasUnseen).toBe(false);
    expect(() => state.withSeen(3)).toThrow(ArgumentError);
    const position = ProcessedCaps.empty.add({ readStart: 0, readBytes: 1, readCount: 1, writeStart: 0, writeBytes: 0, writeCount: 0 });
    const later = state.withPosition('constructor', position).append([item('/alice/c')]).state;
    expect(FeedState.decode(later.encode()).equals(later)).toBe(true);
    expect(later.positions.get('constructor')?.equals(position)).toBe(true);
    expect(later.feedItems).toBe(3);
    expect(() => state.withPosition('.x', position)).toThrow(ArgumentError);
  });
});

describe('reading the feed', () => {
  const names = ['a', 'b', 'c', 'd'];
  const { bytes, state } = FeedState.empty.append(names.map((name) => item(`/alice/${name}`)));
  const numbers = (file: Uint8Array, from: number, to: number, of = state): string[] =>
    readFeed(file, of, from, to).map(({ number, item: { path } }) => `${number}${path}`);

  test('a range', () => {
    expect(numbers(bytes, 0, 100)).toEqual(['0/alice/a', '1/alice/b', '2/alice/c', '3/alice/d']);
    expect(numbers(bytes, 1, 3)).toEqual(['1/alice/b', '2/alice/c']);
    expect(numbers(bytes, 4, 4)).toEqual([]);
    expect(numbers(bytes, 9, 10)).toEqual([]);
    expect(() => readFeed(bytes, state, 2, 1)).toThrow(ArgumentError);
  });

  test('never beyond what the state counts', () => {
    const longer = concatBytes(bytes, item('/alice/e').encode());
    expect(numbers(longer, 3, 100)).toEqual(['3/alice/d']);
    const shorter = FeedState.empty.append([item('/alice/a')]).state;
    expect(numbers(bytes, 0, 100, shorter)).toEqual(['0/alice/a']);
  });

  test('damage costs one item, or what follows it', () => {
    const other = encodeCbor('other');
    const damaged = concatBytes(bytes.subarray(0, bytes.length / 4), other, bytes.subarray(bytes.length / 4));
    const counted = stateOf(damaged.length, 5);
    expect(numbers(damaged, 0, 5, counted)).toEqual(['0/alice/a', '2/alice/b', '3/alice/c', '4/alice/d']);
    expect(numbers(bytes.subarray(0, bytes.length - 1), 0, 5)).toEqual(['0/alice/a', '1/alice/b', '2/alice/c']);
    expect(numbers(bytes.with(bytes.length / 2, 0xff), 0, 5)).toEqual(['0/alice/a', '1/alice/b']);
  });

  test('a feed longer than one reading', () => {
    const many = new Uint8Array(70_000);
    const counted = stateOf(80_000, 70_001);
    expect(numbers(concatBytes(many, item('/alice/z').encode()), 69_000, 70_001, counted)).toEqual(['70000/alice/z']);
  });
});

test('the index of the feed', () => {
  expect(decodeFeedIndex(encodeFeedIndex([0, 201, 500]))).toEqual([0, 201, 500]);
  expect(decodeFeedIndex(encodeFeedIndex([]))).toEqual([]);
  for (const list of [[1], [0, 0], [0, 5, 4], [-1], ['0'], [0, null]]) {
    expect(() => decodeFeedIndex(encodeCbor(list))).toThrow(FormatError);
  }
  expect(() => decodeFeedIndex(fromHex('a0'))).toThrow(FormatError);
  for (const list of [[1], [0, 0], [0.5], 'x']) expect(() => encodeFeedIndex(list as never)).toThrow(ArgumentError);
});

describe('profiles', () => {
  test('paths', () => {
    expect(profilePath('alice', ProfileText.webroot)).toBe('/alice/.profile/webroot');
    expect(profilePath('alice', ProfilePicture.original)).toBe('/alice/.profile/highres');
    expect(() => profilePath('alice', 'age' as never)).toThrow(ArgumentError);
    expect(() => profilePath('..', 'bio')).toThrow(ArgumentError);
  });

  test('texts', () => {
    expect(utf8Decode(encodeProfileText('bio', 'Grüße'))).toBe('Grüße');
    expect(decodeProfileText(utf8Encode('Grüße'))).toBe('Grüße');
    expect(decodeProfileText(new Uint8Array())).toBeUndefined();
    expect(() => decodeProfileText(fromHex('ff'))).toThrow(FormatError);
    expect(() => encodeProfileText('photo' as never, '')).toThrow(ArgumentError);
    expect(() => encodeProfileText('bio', '\ud800')).toThrow(ArgumentError);
  });

  test.each([
    ['firstname', MAX_PROFILE_NAME_LENGTH],
    ['lastname', MAX_PROFILE_NAME_LENGTH],
    ['bio', MAX_PROFILE_BIO_LENGTH],
    ['status', MAX_PROFILE_STATUS_LENGTH],
    ['phone', MAX_PROFILE_PHONE_LENGTH],
    ['email', MAX_PROFILE_EMAIL_LENGTH],
    ['webroot', MAX_PROFILE_WEBROOT_LENGTH],
  ] as const)('the longest %s', (field, longest) => {
    expect(longestProfileText(field)).toBe(longest);
    expect(encodeProfileText(field, 'x'.repeat(longest))).toHaveLength(longest);
    expect(() => encodeProfileText(field, 'x'.repeat(longest + 1))).toThrow(LimitError);
  });

  test('MAX_PROFILE_TEXT_SIZE', () => {
    expect(decodeProfileText(new Uint8Array(MAX_PROFILE_TEXT_SIZE).fill(120))).toHaveLength(MAX_PROFILE_TEXT_SIZE);
    expect(() => decodeProfileText(new Uint8Array(MAX_PROFILE_TEXT_SIZE + 1))).toThrow(LimitError);
  });
});
