import { isWellFormed } from '@pyrgos/core/bytes';
import { CborFields, cborMap, type CborValue, type ToCbor } from '@pyrgos/core/codec';
import { ArgumentError } from '@pyrgos/core/errors';
import { MAX_IDENTITY_NAME_LENGTH } from '@pyrgos/core/limits';

const KNOWN = 0;
const OTHER = 1;

const WEBSITE = '(?:(?!-)[A-Za-z0-9-]{1,63}(?<!-)\\.)+[A-Za-z]{2,6}';

/** The known services in the order of their codes, with what names of accounts look like there (chapter 05 section 20). */
const SERVICES: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['Peergos', /^[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){0,31}$/],
  ['Twitter', /^[A-Za-z0-9_]{1,15}$/],
  ['Facebook', /^[a-z\d.]{5,}$/],
  ['Website', new RegExp(`^${WEBSITE}$`)],
  ['Reddit', /^[A-Za-z0-9]{1,20}$/],
  ['Github', /^[a-z\d](?:[a-z\d]|-(?=[a-z\d])){0,38}$/],
  ['HackerNews', /^[a-z0-9_-]{2,15}$/],
  ['Lobsters', /^[a-z0-9]{1,18}$/],
  ['LinkedIn', /^[A-Za-z0-9-]{5,30}$/],
  ['Mastodon', new RegExp(`^[a-z0-9_]{1,30}@${WEBSITE}$`)],
  ['Matrix', new RegExp(`^@[a-z0-9_.-=/]{1,249}:${WEBSITE}$`)],
];

/** Any text; `.` of the protocol's pattern is no line break. */
const ANY_NAME = /^.+$/u;

/** A service on which people have accounts (chapter 05 section 20). Immutable. */
export class IdentityService implements ToCbor {
  private constructor(
    readonly name: string,
    /** The number of a known service, undefined for any other. */
    readonly code: number | undefined,
  ) {}

  /** This network itself. */
  static get peergos(): IdentityService {
    return IdentityService.ofCode(0);
  }

  /** The service with this name, whatever its case; an unknown one is taken as it is. ArgumentError for empty, long or broken text. */
  static of(name: string): IdentityService {
    assertName('name', name);
    const code = SERVICES.findIndex(([known]) => known.toLowerCase() === name.toLowerCase());
    return code < 0 ? new IdentityService(name, undefined) : IdentityService.ofCode(code);
  }

  private static ofCode(code: number): IdentityService {
    return new IdentityService(nameOfCode(code), code);
  }

  /** Reads `{"t": 0, "c"}` or `{"t": 1, "n"}`. */
  static fromCbor(value: CborValue, where = 'IdentityService'): IdentityService {
    const fields = CborFields.map('format.account', where, value);
    const type = fields.integer('t', KNOWN, OTHER);
    if (type === KNOWN) return IdentityService.ofCode(fields.integer('c', 0, SERVICES.length - 1));
    const name = fields.text('n');
    return isName(name) ? new IdentityService(name, undefined) : fields.fail('n', 'must be a line of text');
  }

  /** Whether an account on this service can have this name. */
  isUsername(username: string): boolean {
    const pattern = this.code === undefined ? ANY_NAME : SERVICES[this.code]?.[1];
    return isName(username) && pattern?.test(username) === true;
  }

  /** Value equality. */
  equals(other: IdentityService | undefined): boolean {
    return other instanceof IdentityService && this.code === other.code && this.name === other.name;
  }

  /** The map. */
  toCbor(): CborValue {
    return this.code === undefined
      ? cborMap([
          ['n', this.name],
          ['t', OTHER],
        ])
      : cborMap([
          ['c', this.code],
          ['t', KNOWN],
        ]);
  }

  /** The name. */
  toString(): string {
    return this.name;
  }
}

function nameOfCode(code: number): string {
  const name = SERVICES[code]?.[0];
  if (name === undefined) throw new ArgumentError('code', 'is no known service');
  return name;
}

function isName(text: unknown): text is string {
  return (
    typeof text === 'string' && text.length > 0 && text.length <= MAX_IDENTITY_NAME_LENGTH && isWellFormed(text) && ANY_NAME.test(text)
  );
}

/** Requires one line of text that fits into a post; otherwise an ArgumentError for `field`. */
function assertName(field: string, text: unknown): asserts text is string {
  if (!isName(text)) throw new ArgumentError(field, `must be a line of 1 to ${MAX_IDENTITY_NAME_LENGTH} characters`);
}
