import { assertInstance, assertString } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid } from '../codec/cid.js';
import { Multihash, MultihashCode, parseMultihash } from '../codec/multihash.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { Secret } from '../keys/secret.js';
import { MAX_PATH_LENGTH, MAX_SOCIAL_RECORD_SIZE } from '../limits.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import { formatCapabilityLink, parseCapabilityLink } from '../model/capability-link.js';
import { assertPath, pathField, socialMap } from './social-fields.js';

/** A file that a post shows or answers to, at one state (chapter 06 section 15.1). A secret. Immutable. */
export class FileRef extends Secret implements ToCbor {
  protected readonly secretKind: string = 'FileRef';

  private constructor(
    /** Where the file was. Claimed; it leads nowhere upwards. */
    readonly path: string,
    readonly capability: AbsoluteCapability,
    /** SHA-256 of the bytes of the file; of a post that is answered to, of the post without its comments. */
    readonly contentHash: Multihash,
  ) {
    super();
  }

  /** Builds a reference. ArgumentError for a writable capability: everybody who sees the post has it. */
  static of(path: string, capability: AbsoluteCapability, contentHash: Multihash): FileRef {
    assertPath('path', path);
    if (leadsUpwards(path)) throw new ArgumentError('path', 'must not lead upwards');
    assertInstance('capability', capability, AbsoluteCapability);
    if (capability.isWritable) throw new ArgumentError('capability', 'must be read-only');
    assertInstance('contentHash', contentHash, Multihash);
    if (contentHash.code !== MultihashCode.sha2_256) throw new ArgumentError('contentHash', 'must be sha2-256');
    return new FileRef(path, capability, contentHash);
  }

  /** Reads the map `{"c", "h", "p"}`. */
  static fromCbor(value: CborValue, where = 'FileRef'): FileRef {
    const fields = socialMap(where, value);
    const path = pathField(fields, 'p');
    if (leadsUpwards(path)) return fields.fail('p', 'must not lead upwards');
    const link = fields.link('h');
    if (link.version !== 0 || link.multihash.code !== MultihashCode.sha2_256) return fields.fail('h', 'must be a bare sha2-256 multihash');
    return new FileRef(path, AbsoluteCapability.fromCbor(fields.map('c'), fields.path('c')), link.multihash);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): FileRef {
    return FileRef.fromCbor(decodeCbor(bytes));
  }

  /** Reads the JSON that apps use, `{"path", "cap", "contentHash"}`. FormatError, which never shows the text; LimitError. */
  static parseJson(text: string): FileRef {
    assertString('text', text);
    if (text.length > MAX_SOCIAL_RECORD_SIZE) throw new LimitError('length of a file reference', text.length, MAX_SOCIAL_RECORD_SIZE);
    const fields = jsonFields(text);
    const member = (name: string, max: number): string => {
      const value = fields.get(name);
      if (typeof value !== 'string' || value.length > max) throw new FormatError('format.social', `FileRef.${name}`, 'must be text');
      return value;
    };
    const path = member('path', MAX_PATH_LENGTH);
    if (leadsUpwards(path)) throw new FormatError('format.social', 'FileRef.path', 'must not lead upwards');
    const contentHash = parseMultihash(member('contentHash', 64));
    if (contentHash.code !== MultihashCode.sha2_256) throw new FormatError('format.social', 'FileRef.contentHash', 'must be sha2-256');
    return new FileRef(path, parseCapabilityLink(member('cap', 4096)), contentHash);
  }

  /** The JSON that apps use. It contains the keys. */
  formatJson(): string {
    return JSON.stringify({ path: this.path, cap: formatCapabilityLink(this.capability), contentHash: this.contentHash.toString() });
  }

  /** Value equality. */
  equals(other: FileRef | undefined): boolean {
    return (
      other instanceof FileRef &&
      this.path === other.path &&
      this.contentHash.equals(other.contentHash) &&
      this.capability.equals(other.capability)
    );
  }

  /** The map `{"c", "h", "p"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.capability.toCbor()],
      ['h', Cid.v0(this.contentHash)],
      ['p', this.path],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** Whether a `..` is among the parts of a path. */
function leadsUpwards(path: string): boolean {
  return path.split('/').includes('..');
}

function jsonFields(text: string): ReadonlyMap<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The error of the platform quotes the text.
    throw new FormatError('format.social', 'FileRef', 'must be JSON');
  }
  if (typeof value !== 'object' || value === null) throw new FormatError('format.social', 'FileRef', 'must be an object');
  return new Map<string, unknown>(Object.entries(value));
}
