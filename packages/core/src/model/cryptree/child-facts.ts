import { assertBoolean, assertObject, assertOptionalInstance, assertString } from '../../arguments.js';
import { utf8Encode } from '../../bytes.js';
import type { CborFields } from '../../codec/cbor-fields.js';
import type { CborValue } from '../../codec/cbor-value.js';
import { assertLegalName, isLegalName } from './file-name.js';
import { Timestamp } from './timestamp.js';

/** What a named capability says about its target, without a look at it (chapter 04 section 3.4). */
export interface ChildFacts {
  readonly name: string;
  /** Absent: a file. */
  readonly isDirectory?: boolean | undefined;
  /** Absent: `application/octet-stream`. Directories have ``. */
  readonly mimeType?: string | undefined;
  /** In whole seconds. */
  readonly created?: Timestamp | undefined;
}

/** The type of a file whose type is unknown (chapter 04 section 3.4). */
export const UNKNOWN_MIME_TYPE = 'application/octet-stream';

/** The facts, checked and with the time cut to whole seconds, as it is written. */
export function checkedFacts(facts: ChildFacts): ChildFacts {
  assertObject('facts', facts);
  const { name, isDirectory, mimeType, created } = facts;
  assertLegalName(name);
  if (isDirectory !== undefined) assertBoolean('isDirectory', isDirectory);
  if (mimeType !== undefined) {
    assertString('mimeType', mimeType);
    utf8Encode(mimeType, 'mimeType');
  }
  assertOptionalInstance('created', created, Timestamp);
  return { name, isDirectory, mimeType, created: created === undefined ? undefined : Timestamp.of(created.seconds) };
}

/** Reads the keys `c`, `d`, `n` and `t`. */
export function readFacts(fields: CborFields): ChildFacts {
  const name = fields.text('n');
  // The name is not shown: it may be somebody else's.
  if (!isLegalName(name)) return fields.fail('n', 'is no legal name');
  const created = fields.optionalBigInt('c');
  return {
    name,
    isDirectory: fields.has('d') ? fields.boolean('d') : undefined,
    mimeType: fields.optionalText('t'),
    created: created === undefined ? undefined : Timestamp.of(created),
  };
}

/** The keys `c`, `d`, `n` and `t`. */
export function factEntries({ name, isDirectory, mimeType, created }: ChildFacts): readonly (readonly [string, CborValue | undefined])[] {
  return [
    ['c', created?.seconds],
    ['d', isDirectory],
    ['n', name],
    ['t', mimeType],
  ];
}

/** Equality of what is written. */
export function equalFacts(a: ChildFacts, b: ChildFacts): boolean {
  return (
    a.name === b.name &&
    a.isDirectory === b.isDirectory &&
    a.mimeType === b.mimeType &&
    (a.created === undefined ? b.created === undefined : a.created.equals(b.created))
  );
}
