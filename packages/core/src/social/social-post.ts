import { assertInstance, assertInstances, assertList, assertMethods, assertObject, assertOptionalInstance } from '../arguments.js';
import { assertBytes, assertInteger, byteKey, isWellFormed } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Multihash } from '../codec/multihash.js';
import type { Hasher } from '../crypto/provider.js';
import { ArgumentError, LimitError } from '../errors.js';
import { MAX_SOCIAL_POST_SIZE } from '../limits.js';
import { FileRef } from './file-ref.js';
import { assertFriendName, friendNameField, socialMap } from './social-fields.js';

/** The number that every post begins with. */
const POST_TYPE = 17;
const REFERENCE_TYPE = 'Ref';

/** Whom a post is meant for (chapter 06 section 15.1). It is shared with them in a step of its own. */
export const PostAudience = {
  /** Whoever shared what it answers to. */
  author: 'Author',
  friends: 'Friends',
  followers: 'Followers',
  public: 'Public',
} as const;

/** One of {@link PostAudience}. */
export type PostAudienceName = (typeof PostAudience)[keyof typeof PostAudience];

/** A part of a post: text, or a file that it shows. */
export type PostContent = string | FileRef;

/** The parts of a {@link SocialPost}. */
export interface SocialPostParts {
  readonly author: string;
  readonly body: readonly PostContent[];
  readonly audience: PostAudienceName;
  /** Unix time in seconds. */
  readonly time: number;
  /** What it answers to. */
  readonly parent?: FileRef | undefined;
  readonly comments?: readonly FileRef[] | undefined;
  /** Oldest first. */
  readonly previousVersions?: readonly SocialPost[] | undefined;
}

/** A post, or a comment on one or on a file (chapter 06 section 15.1). The author is claimed. Immutable. */
export class SocialPost implements ToCbor {
  private constructor(
    readonly author: string,
    readonly body: readonly PostContent[],
    readonly audience: PostAudienceName,
    /** Unix time in seconds. */
    readonly time: number,
    /** What it answers to. */
    readonly parent: FileRef | undefined,
    readonly comments: readonly FileRef[],
    /** Oldest first. */
    readonly previousVersions: readonly SocialPost[],
  ) {}

  /** Builds a post. */
  static of(parts: SocialPostParts): SocialPost {
    assertObject('parts', parts);
    const { author, body, audience, time, parent, comments = [], previousVersions = [] } = parts;
    assertFriendName('author', author);
    checkBody(body);
    if (!isAudience(audience)) throw new ArgumentError('audience', 'must be one of PostAudience');
    assertInteger('time', time, 0, Number.MAX_SAFE_INTEGER);
    assertOptionalInstance('parent', parent, FileRef);
    assertInstances('comments', comments, FileRef);
    assertInstances('previousVersions', previousVersions, SocialPost);
    return new SocialPost(author, [...body], audience, time, parent, [...comments], [...previousVersions]);
  }

  /** Reads the list `[17, {"a", "b", "d"?, "p"?, "s", "t", "v"?}]`. */
  static fromCbor(value: CborValue, where = 'SocialPost'): SocialPost {
    const outer = CborFields.list('format.social', where, value, 2);
    if (outer.integer(0) !== POST_TYPE) return outer.fail(0, `must be ${POST_TYPE}`);
    const fields = socialMap(outer.path(1), outer.map(1));
    const audience = fields.text('s');
    if (!isAudience(audience)) return fields.fail('s', 'must be Author, Friends, Followers or Public');
    const parent = fields.optionalMap('p');
    return new SocialPost(
      friendNameField(fields, 'a'),
      fields.list('b').map((part, i) => contentFromCbor(part, `${fields.path('b')}[${i}]`)),
      audience,
      fields.integer('t', 0),
      parent === undefined ? undefined : FileRef.fromCbor(parent, fields.path('p')),
      (fields.optionalList('d') ?? []).map((item, i) => FileRef.fromCbor(item, `${fields.path('d')}[${i}]`)),
      (fields.optionalList('v') ?? []).map((item, i) => SocialPost.fromCbor(item, `${fields.path('v')}[${i}]`)),
    );
  }

  /** Reads the bytes of a file; anything after the item is an error. LimitError beyond MAX_SOCIAL_POST_SIZE. */
  static decode(bytes: Uint8Array): SocialPost {
    assertBytes('bytes', bytes);
    checkSize(bytes.length);
    return SocialPost.fromCbor(decodeCbor(bytes));
  }

  /**
   * The next version (section 15.1): another body and time, the rest as it is. Older versions are kept without comments and without the versions
   * before them, for those are in the new version, too: else each change would double its size.
   */
  edit(body: readonly PostContent[], time: number): SocialPost {
    const { author, audience, parent, comments, previousVersions } = this;
    const last = new SocialPost(author, this.body, audience, this.time, parent, [], []);
    return SocialPost.of({ author, body, audience, time, parent, comments, previousVersions: [...previousVersions, last] });
  }

  /** The same with more comments; those that are in it already are not added again (section 16.4). */
  withComments(comments: readonly FileRef[]): SocialPost {
    assertInstances('comments', comments, FileRef);
    const all = [...this.comments];
    // By their bytes: to compare each with each would take too long.
    const known = new Set(all.map(keyOf));
    for (const comment of comments) {
      const key = keyOf(comment);
      if (known.has(key)) continue;
      known.add(key);
      all.push(comment);
    }
    const { author, body, audience, time, parent, previousVersions } = this;
    return new SocialPost(author, body, audience, time, parent, all, previousVersions);
  }

  /** Unix time in seconds of the first version, which decides where the file is (section 15.2). */
  get firstTime(): number {
    return this.previousVersions[0]?.time ?? this.time;
  }

  /** What a comment names this post by: the hash of the post without its comments, so that further ones do not change it. */
  contentHash(hasher: Pick<Hasher, 'sha256'>): Multihash {
    assertMethods('hasher', hasher, 'sha256');
    const { author, body, audience, time, parent, previousVersions } = this;
    return Multihash.sha256(hasher.sha256(new SocialPost(author, body, audience, time, parent, [], previousVersions).encode()));
  }

  /** Value equality. */
  equals(other: SocialPost | undefined): boolean {
    return (
      other instanceof SocialPost &&
      this.author === other.author &&
      this.audience === other.audience &&
      this.time === other.time &&
      (this.parent === undefined ? other.parent === undefined : this.parent.equals(other.parent)) &&
      sameList(this.body, other.body, sameContent) &&
      sameList(this.comments, other.comments, (a, b) => a.equals(b)) &&
      sameList(this.previousVersions, other.previousVersions, (a, b) => a.equals(b))
    );
  }

  /** The list `[17, {"a", "b", "d"?, "p"?, "s", "t", "v"?}]`. */
  toCbor(): CborValue {
    const unlessEmpty = (list: readonly ToCbor[]): CborValue | undefined =>
      list.length === 0 ? undefined : list.map((item) => item.toCbor());
    return [
      POST_TYPE,
      cborMap([
        ['a', this.author],
        ['b', this.body.map(contentToCbor)],
        ['d', unlessEmpty(this.comments)],
        ['p', this.parent?.toCbor()],
        ['s', this.audience],
        ['t', this.time],
        ['v', unlessEmpty(this.previousVersions)],
      ]),
    ];
  }

  /** The bytes of the file. LimitError beyond MAX_SOCIAL_POST_SIZE. */
  encode(): Uint8Array {
    const bytes = encodeCbor(this.toCbor());
    checkSize(bytes.length);
    return bytes;
  }
}

function checkBody(body: unknown): asserts body is readonly PostContent[] {
  assertList('body', body);
  for (const [i, part] of body.entries()) {
    if (typeof part !== 'string') assertInstance(`body[${i}]`, part, FileRef);
    else if (!isWellFormed(part)) throw new ArgumentError(`body[${i}]`, 'contains an unpaired surrogate');
  }
}

function checkSize(size: number): void {
  if (size > MAX_SOCIAL_POST_SIZE) throw new LimitError('post', size, MAX_SOCIAL_POST_SIZE);
}

function isAudience(text: unknown): text is PostAudienceName {
  return (Object.values(PostAudience) as readonly unknown[]).includes(text);
}

function contentFromCbor(value: CborValue, where: string): PostContent {
  if (typeof value === 'string') return value;
  const fields = socialMap(where, value);
  if (fields.text('t') !== REFERENCE_TYPE) return fields.fail('t', `must be ${REFERENCE_TYPE}`);
  return FileRef.fromCbor(fields.map('r'), fields.path('r'));
}

function contentToCbor(part: PostContent): CborValue {
  if (typeof part === 'string') return part;
  return cborMap([
    ['r', part.toCbor()],
    ['t', REFERENCE_TYPE],
  ]);
}

function sameContent(a: PostContent, b: PostContent): boolean {
  return typeof a === 'string' ? a === b : typeof b !== 'string' && a.equals(b);
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((item, i) => same(item, b[i] as T));
}

function keyOf(reference: FileRef): string {
  return byteKey(reference.encode());
}
