import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { MAX_GROUPS, MAX_LINK_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH, MAX_SOCIAL_FILE_SIZE } from '../limits.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import v from '../../../../vectors/06/sharing.json' with { type: 'json' };
import { CapsInDirectory, ReceivedChild } from './caps-in-directory.js';
import { LinkProperties } from './link-properties.js';
import { ProcessedCaps } from './processed-caps.js';
import { SharedWithState } from './shared-with-state.js';

const uid = (i: number): string => `.${String(i).padStart(64, '0')}`;

describe('LinkProperties', () => {
  test.each(v.links)('the vector $cbor', ({ cbor, label, target, ...parts }) => {
    const made = LinkProperties.of({
      isWritable: false,
      ...parts,
      label: BigInt(label),
      target: target === undefined ? undefined : Cid.ofSha256(fromHex(target), CidCodec.dagCbor),
    });
    expect(toHex(made.encode())).toBe(cbor);
    const read = LinkProperties.decode(fromHex(cbor));
    expect(read.equals(made)).toBe(true);
    expect(String(read) + JSON.stringify(read)).not.toContain(read.linkPassword);
  });

  test.each(v.invalidLinks)('refused: $reason', ({ cbor }) => {
    expect(() => LinkProperties.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('a change keeps label, password and kind', () => {
    const link = LinkProperties.decode(fromHex(v.links[1]!.cbor));
    const changed = link.with({ userPassword: '', expiry: undefined, maxRetrievals: 9 });
    expect(changed).toMatchObject({ label: link.label, linkPassword: link.linkPassword, isWritable: true, opensAutomatically: true });
    expect(changed).toMatchObject({ userPassword: '', expiry: undefined, maxRetrievals: 9 });
    expect(changed.target?.equals(link.target as Cid)).toBe(true);
    expect(() => link.with({ maxRetrievals: -1 })).toThrow(ArgumentError);
  });

  test('MAX_LINK_PASSWORD_LENGTH and MAX_PASSWORD_LENGTH', () => {
    const parts = {
      label: 1n,
      isWritable: false,
      linkPassword: 'x'.repeat(MAX_LINK_PASSWORD_LENGTH),
      userPassword: 'x'.repeat(MAX_PASSWORD_LENGTH),
    };
    const largest = LinkProperties.of(parts);
    expect(LinkProperties.decode(largest.encode()).equals(largest)).toBe(true);
    for (const [key, name] of [
      ['p', 'linkPassword'],
      ['u', 'userPassword'],
    ] as const) {
      const long = `${parts[name]}x`;
      expect(() => LinkProperties.of({ ...parts, [name]: long })).toThrow(ArgumentError);
      expect(() => LinkProperties.fromCbor(new Map([...(largest.toCbor() as Map<string, never>), [key, long]]))).toThrow(FormatError);
    }
  });
});

describe('SharedWithState', () => {
  const { item, reader, empty, withoutLinks, shared, linked, invalid } = v.sharedWith;
  const link = LinkProperties.decode(fromHex(v.links[0]!.cbor));

  test('the vectors', () => {
    expect(toHex(SharedWithState.empty.encode())).toBe(empty);
    expect(SharedWithState.decode(fromHex(empty)).isEmpty).toBe(true);
    expect(SharedWithState.decode(fromHex(withoutLinks)).equals(SharedWithState.empty)).toBe(true);
    const made = SharedWithState.empty.share(item, 'read', [reader]);
    expect(toHex(made.encode())).toBe(shared);
    expect(SharedWithState.decode(fromHex(shared)).equals(made)).toBe(true);
    expect(toHex(SharedWithState.empty.withLink(item, link).encode())).toBe(linked);
    expect(SharedWithState.decode(fromHex(linked)).get(item).links[0]?.equals(link)).toBe(true);
  });

  test.each(invalid)('refused: $reason', ({ cbor }) => {
    expect(() => SharedWithState.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('what is empty is not in it', () => {
    const read = SharedWithState.decode(fromHex('a3616ca16161806172a16161806177a0'));
    expect(read.isEmpty).toBe(true);
    const state = SharedWithState.empty.share('a', 'read', []).share('b', 'write', ['bob', uid(1)]);
    expect([...state.items]).toEqual(['b']);
    expect(state.unshare('b', 'write', [uid(1), 'bob', 'carol']).isEmpty).toBe(true);
    expect(SharedWithState.empty.withLink('a', link).withoutLink('a', link.label).isEmpty).toBe(true);
  });

  test('shares and links of an item', () => {
    const state = SharedWithState.empty
      .share('__proto__', 'read', ['bob'])
      .share('__proto__', 'read', ['carol', 'bob'])
      .share('__proto__', 'write', ['carol'])
      .withLink('__proto__', link)
      .withLink('__proto__', link.with({ maxRetrievals: 1 }))
      .share('other', 'read', ['bob']);
    const { readers, writers, links } = SharedWithState.decode(state.encode()).get('__proto__');
    expect([...readers]).toEqual(['bob', 'carol']);
    expect([...writers]).toEqual(['carol']);
    expect(links.map(({ maxRetrievals }) => maxRetrievals)).toEqual([1]);
    expect([...state.clear('__proto__').items]).toEqual(['other']);
    const renamed = state.rename('__proto__', 'other');
    expect([...renamed.items]).toEqual(['other']);
    expect([...renamed.get('other').readers]).toEqual(['bob', 'carol']);
    expect(renamed.get('other').links).toHaveLength(1);
    expect(state.rename('absent', 'new').equals(state)).toBe(true);
    expect(state.rename('other', 'other').equals(state)).toBe(true);
    expect(state.get('absent')).toEqual({ readers: new Set(), writers: new Set(), links: [] });
  });

  test('MAX_SOCIAL_FILE_SIZE', () => {
    expect(() => SharedWithState.decode(new Uint8Array(MAX_SOCIAL_FILE_SIZE))).toThrow(FormatError);
    expect(() => SharedWithState.decode(new Uint8Array(MAX_SOCIAL_FILE_SIZE + 1))).toThrow(LimitError);
    const extended = (size: number): Map<string, never> =>
      new Map(Object.entries({ r: new Map(), w: new Map(), x: new Uint8Array(size) })) as never;
    expect(SharedWithState.fromCbor(extended(1)).isEmpty).toBe(true);
  });

  test('arguments are checked', () => {
    expect(() => SharedWithState.empty.share('a/b', 'read', [])).toThrow(ArgumentError);
    expect(() => SharedWithState.empty.share('a', 'all' as never, [])).toThrow(ArgumentError);
    expect(() => SharedWithState.empty.share('a', 'read', 'bob' as never)).toThrow(ArgumentError);
    expect(() => SharedWithState.empty.share('a', 'read', ['.groups.cbor'])).toThrow(ArgumentError);
    expect(() => SharedWithState.empty.withLink('a', {} as never)).toThrow(ArgumentError);
    expect(() => SharedWithState.empty.withoutLink('a', 1 as never)).toThrow(ArgumentError);
    expect(() => SharedWithState.empty.rename('a', '..')).toThrow(ArgumentError);
  });
});

describe('ProcessedCaps', () => {
  const read = { readStart: 0, readBytes: 402, readCount: 1, writeStart: 0, writeBytes: 0, writeCount: 0 };

  test('the vector', () => {
    expect(toHex(ProcessedCaps.empty.encode())).toBe(v.processed.empty);
    expect(ProcessedCaps.decode(fromHex(v.processed.empty)).equals(ProcessedCaps.empty)).toBe(true);
  });

  test.each(v.processed.invalid)('refused: $reason', ({ cbor }) => {
    expect(() => ProcessedCaps.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('positions grow, those of groups too', () => {
    const first = ProcessedCaps.empty.add({ ...read, groups: new Map([[uid(1), read]]) });
    const second = first.add({
      ...read,
      readStart: 402,
      readBytes: 201,
      writeBytes: 7,
      groups: new Map([
        [uid(1), { ...read, readStart: 402 }],
        [uid(2), read],
      ]),
    });
    expect(second).toMatchObject({ readBytes: 603, readCount: 2, writeBytes: 7, writeCount: 0 });
    expect(second.groups.get(uid(1))).toMatchObject({ readBytes: 804, readCount: 2 });
    expect(second.groups.get(uid(2))).toMatchObject({ readBytes: 402 });
    expect(ProcessedCaps.decode(second.encode()).equals(second)).toBe(true);
  });

  test('what does not follow is refused', () => {
    const position = ProcessedCaps.empty.add(read);
    expect(() => position.add(read)).toThrow(ArgumentError);
    expect(() => position.add({ ...read, readStart: 402, writeStart: 1 })).toThrow(ArgumentError);
    expect(() => position.add({ ...read, readStart: 402, readBytes: -1 })).toThrow(ArgumentError);
    expect(() => ProcessedCaps.empty.add({ ...read, groups: new Map([['bob', read]]) })).toThrow(ArgumentError);
    const nested = { ...read, groups: new Map([[uid(1), read]]) };
    expect(() => ProcessedCaps.empty.add({ ...read, groups: new Map([[uid(1), nested]]) })).toThrow(ArgumentError);
  });

  test('MAX_GROUPS', () => {
    const groups = new Map(Array.from({ length: MAX_GROUPS }, (_, i) => [uid(i), read] as const));
    const largest = ProcessedCaps.empty.add({ ...read, groups });
    expect(ProcessedCaps.decode(largest.encode()).groups.size).toBe(MAX_GROUPS);
    const one = { ...read, readStart: 402, groups: new Map([[uid(MAX_GROUPS), read]]) };
    expect(() => largest.add(one)).toThrow(LimitError);
    const g = new Map([...largest.groups, [uid(MAX_GROUPS), ProcessedCaps.empty] as const].map(([id, caps]) => [id, caps.toCbor()]));
    expect(() => ProcessedCaps.fromCbor(new Map([['g', g]]))).toThrow(LimitError);
  });
});

describe('CapsInDirectory', () => {
  const { name, sharer } = v.received;
  const capability = AbsoluteCapability.decode(fromHex(v.received.readOnly));
  const key = SymmetricKey.of(new Uint8Array(32).fill(7));
  const newer = AbsoluteCapability.of({ ...capability, mapKey: new Uint8Array(32).fill(8) });
  const writable = AbsoluteCapability.of({ ...capability, wBaseKey: key });
  const known = CapsInDirectory.of([ReceivedChild.of(name, capability, [sharer])]);
  const never = (): never => {
    throw new TypeError('must not be asked');
  };
  const child = async (
    state: CapsInDirectory,
    capability_: AbsoluteCapability,
    by: string,
    resolves: () => boolean | Promise<boolean> = never,
  ): Promise<ReceivedChild | undefined> =>
    (await state.merge([{ name, capability: capability_, sharer: by }], resolves)).children.get(name);

  test('the vector', () => {
    expect(toHex(known.encode())).toBe(v.received.cbor);
    expect(CapsInDirectory.decode(fromHex(v.received.cbor)).equals(known)).toBe(true);
    expect(toHex(CapsInDirectory.empty.encode())).toBe('a1616380');
  });

  test.each(v.received.invalid)('refused: $reason', ({ cbor }) => {
    expect(() => CapsInDirectory.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('of several children of one name the first counts', () => {
    const list = [capability, newer].map((found) => ReceivedChild.of(name, found, [sharer]).toCbor());
    expect(CapsInDirectory.fromCbor(new Map([['c', list]])).equals(known)).toBe(true);
    expect(() => CapsInDirectory.of([...known.children.values(), ...known.children.values()])).toThrow(ArgumentError);
  });

  test('a new child', async () => {
    expect((await child(CapsInDirectory.empty, capability, 'bob'))?.equals(known.children.get(name))).toBe(true);
  });

  test('the same capability from somebody else', async () => {
    expect((await child(known, capability, 'carol'))?.sharers).toEqual(['bob', 'carol']);
    expect((await child(known, capability, 'bob'))?.sharers).toEqual(['bob']);
  });

  test('a newer one from the only sharer', async () => {
    expect((await child(known, newer, 'bob'))?.capability.equals(newer)).toBe(true);
    expect((await child(known, writable, 'bob'))?.capability.equals(writable)).toBe(true);
  });

  test('one for reading does not replace a writable one that leads somewhere', async () => {
    const state = CapsInDirectory.of([ReceivedChild.of(name, writable, ['bob', 'dave'])]);
    const kept = await child(state, newer, 'carol', async () => true);
    expect(kept?.equals(state.children.get(name))).toBe(true);
    const replaced = await child(state, newer, 'carol', () => false);
    expect(replaced?.equals(ReceivedChild.of(name, newer, ['carol']))).toBe(true);
    const better = AbsoluteCapability.of({ ...newer, wBaseKey: key });
    expect((await child(state, better, 'bob'))?.equals(ReceivedChild.of(name, better, ['bob']))).toBe(true);
  });

  test('another one from somebody else', async () => {
    expect((await child(known, newer, 'carol'))?.equals(ReceivedChild.of(name, newer, ['carol']))).toBe(true);
  });

  test('arguments are checked', async () => {
    await expect(CapsInDirectory.empty.merge([{ name: '..', capability, sharer }], never)).rejects.toThrow(ArgumentError);
    await expect(CapsInDirectory.empty.merge([{ name, capability, sharer: '.x' }], never)).rejects.toThrow(ArgumentError);
    await expect(CapsInDirectory.empty.merge([undefined as never], never)).rejects.toThrow(ArgumentError);
    await expect(CapsInDirectory.empty.merge([], undefined as never)).rejects.toThrow(ArgumentError);
    expect(() => ReceivedChild.of(name, capability, ['.x'])).toThrow(ArgumentError);
  });
});
