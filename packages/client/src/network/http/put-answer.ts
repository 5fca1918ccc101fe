import { utf8Decode } from '@pyrgos/core/bytes';
import { parseCid } from '@pyrgos/core/codec';
import { FormatError, PyrgosError } from '@pyrgos/core/errors';
import type { SignedBlock } from '@pyrgos/core/store';

const WHERE = 'block/put/bulk';
/** One object of the stream, whose only nesting is `{"Key": {"/": …}}`; white space may stand between them. */
const OBJECT = /\s*(\{(?:[^{}"]|"(?:[^"\\]|\\.)*"|\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\})*\})\s*/uy;

/** The CID text of one object: `{"Hash": text}`, `{"Key": text}` or `{"Key": {"/": text}}`. */
function hashOf(json: string): string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new FormatError('format.request', WHERE, 'must be JSON');
  }
  const { Hash, Key } = value as { readonly Hash?: unknown; readonly Key?: unknown };
  const named = Hash ?? Key;
  const text = typeof named === 'object' && named !== null ? (named as { readonly '/'?: unknown })['/'] : named;
  if (typeof text !== 'string') throw new FormatError('format.request', WHERE, 'must name a CID');
  return text;
}

/** Whether the server means the same block, whichever way it writes the CID. */
function isCidOf(text: string, { cid }: SignedBlock): boolean {
  if (text === cid.toString()) return true;
  try {
    return parseCid(text).equals(cid);
  } catch (error) {
    if (error instanceof PyrgosError) return false;
    throw error;
  }
}

/**
 * Requires the answer of a put to name exactly the blocks that were sent, in their order (chapter 02 section 5.4). FormatError
 * `format.request`: then the server has not stored what it was given.
 */
export function checkPutAnswer(bytes: Uint8Array, blocks: readonly SignedBlock[]): void {
  const text = utf8Decode(bytes);
  if (text === undefined) throw new FormatError('format.request', WHERE, 'must be text');
  // How servers write it, nearly always.
  if (text === blocks.map(({ cid }) => `{"Hash":"${cid.toString()}"}`).join('')) return;
  OBJECT.lastIndex = 0;
  for (const [i, block] of blocks.entries()) {
    const json = OBJECT.exec(text)?.[1];
    if (json === undefined) throw new FormatError('format.request', WHERE, `must have ${blocks.length} results, has ${i}`);
    if (!isCidOf(hashOf(json), block)) throw new FormatError('format.request', `${WHERE}[${i}]`, 'is not the CID of the block');
  }
  if (OBJECT.lastIndex !== text.length) throw new FormatError('format.request', WHERE, `has more than ${blocks.length} results`);
}
