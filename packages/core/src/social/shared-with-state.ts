import { assertInstance, assertIterable } from '../arguments.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { ArgumentError } from '../errors.js';
import { assertLegalName, isLegalName } from '../model/cryptree/file-name.js';
import { assertLinkLabel } from '../model/link-label.js';
import { LinkProperties } from './link-properties.js';
import { decodeSocialFile, encodeSocialFile, isRecipient, socialMap } from './social-fields.js';

/** What sharing with somebody allows. */
export type SharedAccess = 'read' | 'write';

/** With whom one item is shared, and its secret links. */
export interface SharedWith {
  /** Users and groups that may read. */
  readonly readers: ReadonlySet<string>;
  /** Users and groups that may write. */
  readonly writers: ReadonlySet<string>;
  readonly links: readonly LinkProperties[];
}

type Names = ReadonlyMap<string, ReadonlySet<string>>;
type Links = ReadonlyMap<string, readonly LinkProperties[]>;

const NOBODY: ReadonlySet<string> = new Set();

/**
 * With whom the items of one folder are shared: `sharedWith.cbor` in the mirror of the folder below `/<user>/.capabilitycache/outbound` (chapter
 * 06 section 8.4). Items that are not shared are not in it. Immutable.
 */
export class SharedWithState implements ToCbor {
  /** Nothing is shared. */
  static readonly empty: SharedWithState = new SharedWithState(new Map(), new Map(), new Map());

  private constructor(
    private readonly readers: Names,
    private readonly writers: Names,
    private readonly links: Links,
  ) {}

  /** Reads the map `{"l"?, "r", "w"}`. */
  static fromCbor(value: CborValue, where = 'SharedWithState'): SharedWithState {
    const fields = socialMap(where, value);
    return new SharedWithState(readNames(fields, 'r'), readNames(fields, 'w'), readLinks(fields, 'l'));
  }

  /** Reads the file; anything after the item is an error. LimitError beyond MAX_SOCIAL_FILE_SIZE. */
  static decode(bytes: Uint8Array): SharedWithState {
    return SharedWithState.fromCbor(decodeSocialFile(bytes));
  }

  /** Whether nothing is shared. */
  get isEmpty(): boolean {
    return this.readers.size === 0 && this.writers.size === 0 && this.links.size === 0;
  }

  /** The names of all items that are shared or have a link. */
  get items(): ReadonlySet<string> {
    return new Set([...this.readers.keys(), ...this.writers.keys(), ...this.links.keys()]);
  }

  /** With whom an item is shared. */
  get(item: string): SharedWith {
    return {
      readers: this.readers.get(item) ?? NOBODY,
      writers: this.writers.get(item) ?? NOBODY,
      links: this.links.get(item) ?? [],
    };
  }

  /** Adds users and groups to those with whom an item is shared. */
  share(item: string, access: SharedAccess, recipients: Iterable<string>): SharedWithState {
    const present = this.names(item, access);
    return this.withNames(item, access, new Set([...present, ...checkRecipients(recipients)]));
  }

  /** Removes users and groups from those with whom an item is shared. */
  unshare(item: string, access: SharedAccess, recipients: Iterable<string>): SharedWithState {
    const removed = new Set(checkRecipients(recipients));
    return this.withNames(item, access, new Set([...this.names(item, access)].filter((name) => !removed.has(name))));
  }

  /** Adds a secret link of an item, in the place of the one with the same label. */
  withLink(item: string, link: LinkProperties): SharedWithState {
    assertInstance('link', link, LinkProperties);
    return this.withLinks(item, [...this.get(item).links.filter(({ label }) => label !== link.label), link]);
  }

  /** Removes the secret link of an item that has this label. */
  withoutLink(item: string, label: bigint): SharedWithState {
    assertLinkLabel('label', label);
    return this.withLinks(
      item,
      this.get(item).links.filter((link) => link.label !== label),
    );
  }

  /** Removes an item with all that belongs to it. */
  clear(item: string): SharedWithState {
    return new SharedWithState(without(this.readers, item), without(this.writers, item), without(this.links, item));
  }

  /** Moves what belongs to an item to its new name; what was noted for that name is gone. */
  rename(item: string, name: string): SharedWithState {
    const { readers, writers, links } = this.get(item);
    assertLegalName(name, 'name');
    const rest = this.clear(item).clear(name);
    return new SharedWithState(
      replaced(rest.readers, name, readers, readers.size),
      replaced(rest.writers, name, writers, writers.size),
      replaced(rest.links, name, links, links.length),
    );
  }

  /** What either of two records says; of two links with the same label, that of this one. */
  union(other: SharedWithState): SharedWithState {
    assertInstance('other', other, SharedWithState);
    let all = new SharedWithState(this.readers, this.writers, this.links);
    for (const item of other.items) {
      const { readers, writers, links } = other.get(item);
      all = all.share(item, 'read', readers).share(item, 'write', writers);
      const labels = new Set(all.get(item).links.map(({ label }) => label));
      for (const link of links) if (!labels.has(link.label)) all = all.withLink(item, link);
    }
    return all;
  }

  /** Whether both say the same; the order of names and links means nothing. */
  equals(other: SharedWithState | undefined): boolean {
    return (
      other instanceof SharedWithState &&
      sameKeys(this.readers, other.readers) &&
      sameKeys(this.writers, other.writers) &&
      sameKeys(this.links, other.links) &&
      [...this.readers].every(([item, names]) => sameNames(names, other.readers.get(item))) &&
      [...this.writers].every(([item, names]) => sameNames(names, other.writers.get(item))) &&
      [...this.links].every(([item, links]) => sameLinks(links, other.links.get(item)))
    );
  }

  /** The map `{"l", "r", "w"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['l', new Map([...this.links].map(([item, links]) => [item, links.map((link) => link.toCbor())]))],
      ['r', namesToCbor(this.readers)],
      ['w', namesToCbor(this.writers)],
    ]);
  }

  /** The bytes of the file. LimitError beyond MAX_SOCIAL_FILE_SIZE. */
  encode(): Uint8Array {
    return encodeSocialFile(this.toCbor());
  }

  private names(item: string, access: SharedAccess): ReadonlySet<string> {
    if (access !== 'read' && access !== 'write') throw new ArgumentError('access', 'must be read or write');
    return (access === 'read' ? this.readers : this.writers).get(item) ?? NOBODY;
  }

  private withNames(item: string, access: SharedAccess, names: ReadonlySet<string>): SharedWithState {
    assertLegalName(item, 'item');
    return access === 'read'
      ? new SharedWithState(replaced(this.readers, item, names, names.size), this.writers, this.links)
      : new SharedWithState(this.readers, replaced(this.writers, item, names, names.size), this.links);
  }

  private withLinks(item: string, links: readonly LinkProperties[]): SharedWithState {
    assertLegalName(item, 'item');
    return new SharedWithState(this.readers, this.writers, replaced(this.links, item, links, links.length));
  }
}

function checkRecipients(recipients: Iterable<string>): string[] {
  assertIterable('recipients', recipients);
  const names = [...recipients];
  if (!names.every(isRecipient)) throw new ArgumentError('recipients', 'must be usernames and ids of groups');
  return names;
}

/** The map with another value for a key, or without the key when the value is empty. */
function replaced<T>(map: ReadonlyMap<string, T>, key: string, value: T, size: number): Map<string, T> {
  const copy = new Map(map);
  if (size === 0) copy.delete(key);
  else copy.set(key, value);
  return copy;
}

function without<T>(map: ReadonlyMap<string, T>, key: string): Map<string, T> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

/** The entries of a map whose keys must be names of items. */
function itemsOf(fields: CborFields, key: string, map: CborMap): [string, CborFields][] {
  return [...map].map(([item, list], i) => {
    if (!isLegalName(item)) return fields.fail(key, 'must have names of files as keys');
    return [item, CborFields.list('format.social', `${fields.path(key)}[${i}]`, list)];
  });
}

function readNames(fields: CborFields, key: string): Names {
  const found = new Map<string, ReadonlySet<string>>();
  for (const [item, list] of itemsOf(fields, key, fields.map(key))) {
    const names = new Set<string>();
    for (let i = 0; i < list.size; i++) {
      const name = list.text(i);
      if (!isRecipient(name)) return list.fail(i, 'must be a username or the id of a group');
      names.add(name);
    }
    if (names.size > 0) found.set(item, names);
  }
  return found;
}

function readLinks(fields: CborFields, key: string): Links {
  const found = new Map<string, readonly LinkProperties[]>();
  for (const [item, list] of itemsOf(fields, key, fields.optionalMap(key) ?? new Map())) {
    const links = Array.from({ length: list.size }, (_, i) => LinkProperties.fromCbor(list.map(i), list.path(i)));
    if (links.length > 0) found.set(item, links);
  }
  return found;
}

function namesToCbor(names: Names): CborMap {
  return new Map([...names].map(([item, set]) => [item, [...set]]));
}

function sameKeys(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every((key) => b.has(key));
}

function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string> | undefined): boolean {
  return a.size === b?.size && [...a].every((name) => b.has(name));
}

function sameLinks(a: readonly LinkProperties[], b: readonly LinkProperties[] | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((link) => b.some((other) => link.equals(other)));
}
