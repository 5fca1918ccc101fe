import type { PublicKeyHash } from '@pyrgos/core/keys';
import { encodeMultiWriterCommit } from '@pyrgos/core/model';
import { notingLostAnswers } from '../../commit/lost-answer.js';
import type { PointerStore, WriterPointer } from '@pyrgos/core/store';
import { readBooleanByte } from './answers.js';
import type { Caller } from './caller.js';
import { endpoints } from './endpoints.js';
import { formatQuery } from './query.js';

function pointerQuery(owner: PublicKeyHash, writer: PublicKeyHash): string {
  return formatQuery([
    ['owner', owner.toString()],
    ['writer', writer.toString()],
  ]);
}

/**
 * The mutable pointers of a server over HTTP (chapter 02 section 7). An update that is repeated after a lost answer may end in a conflict with
 * itself, or with what was built upon it: callers look into that (section 19.3), and `isAfterLostAnswer` tells them when.
 */
export class HttpPointers implements PointerStore {
  constructor(private readonly caller: Caller) {}

  async getPointer(owner: PublicKeyHash, writer: PublicKeyHash, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const bytes = await this.caller.call(endpoints.getPointer, { query: pointerQuery(owner, writer) }, signal);
    return bytes.length === 0 ? undefined : bytes;
  }

  async setPointer(owner: PublicKeyHash, writer: PublicKeyHash, signed: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    const parts = { query: pointerQuery(owner, writer), body: [signed] };
    return notingLostAnswers(async (onLost) =>
      readBooleanByte('setPointer', await this.caller.call(endpoints.setPointer, parts, signal, onLost)),
    );
  }

  async setPointers(owner: PublicKeyHash, updates: readonly WriterPointer[], signal?: AbortSignal): Promise<boolean> {
    const parts = { query: formatQuery([['owner', owner.toString()]]), body: [encodeMultiWriterCommit(updates)] };
    return notingLostAnswers(async (onLost) =>
      readBooleanByte('setPointers', await this.caller.call(endpoints.setPointers, parts, signal, onLost)),
    );
  }
}
