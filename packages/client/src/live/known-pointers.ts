import { equalBytes } from '@pyrgos/core/bytes';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { type MaybeCid, PointerUpdate } from '@pyrgos/core/model';
import type { OwnCommits } from '../session/own-commits.js';

/** How what a server says of a pointer stands to what it has said before; `own`: only this session has changed it. */
export type PointerNews = 'first' | 'same' | 'own' | 'foreign';

interface Known {
  readonly mark: Uint8Array;
  /** Undefined for what is no pointer: nobody has committed that here. */
  readonly state: { readonly target: MaybeCid } | undefined;
}

/** What was seen last of each pointer that is watched. It is the word of a server: a reason to look, and nothing else. */
export class KnownPointers {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly crypto: Pick<CryptoProvider, 'sha256'>,
    private readonly commits: Pick<OwnCommits, 'lead'>,
  ) {}

  /** What the server is told to compare with. */
  markOf(writer: PublicKeyHash): Uint8Array | undefined {
    return this.known.get(writer.key)?.mark;
  }

  /** Takes note of what the server has answered for a writer; no bytes for no pointer. */
  note(writer: PublicKeyHash, signed: Uint8Array): PointerNews {
    const before = this.known.get(writer.key);
    const mark = this.crypto.sha256(signed);
    if (before !== undefined && equalBytes(before.mark, mark)) return 'same';
    const state = stateOf(signed);
    this.known.set(writer.key, { mark, state });
    if (before === undefined) return 'first';
    const isOwn = before.state !== undefined && state !== undefined && this.commits.lead(writer, before.state.target, state.target);
    return isOwn ? 'own' : 'foreign';
  }

  /** Forgets all writers but these. */
  keep(writers: ReadonlySet<string>): void {
    for (const key of this.known.keys()) if (!writers.has(key)) this.known.delete(key);
  }
}

function stateOf(signed: Uint8Array): Known['state'] {
  if (signed.length === 0) return { target: undefined };
  try {
    return { target: PointerUpdate.decodeVerifiedBefore(signed).updated };
  } catch (error) {
    if (error instanceof PyrgosError) return undefined;
    throw error;
  }
}
