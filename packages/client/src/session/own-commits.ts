import { PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { type MaybeCid, PointerUpdate } from '@pyrgos/core/model';
import type { PointerStore, WriterPointer } from '@pyrgos/core/store';

/** Updates that are remembered. */
const MAX_NOTED = 1024;

/** The pointer updates that a session has sent, so that whoever watches its pointers can tell its own changes from those of other devices. */
export class OwnCommits {
  /** By writer and new target, the target before; oldest first. */
  private readonly before = new Map<string, string>();

  /** The same store; what is sent through it is noted, before it is sent: the server may tell of it before it has answered. */
  noting(pointers: PointerStore): PointerStore {
    return {
      getPointer: async (owner, writer, signal) => pointers.getPointer(owner, writer, signal),
      setPointer: async (owner, writer, signed, signal) => {
        this.note({ writer, signed });
        return pointers.setPointer(owner, writer, signed, signal);
      },
      setPointers: async (owner, updates, signal) => {
        for (const update of updates) this.note(update);
        return pointers.setPointers(owner, updates, signal);
      },
      ...(pointers.current === undefined ? {} : { current: this.noting(pointers.current) }),
    };
  }

  /** Whether nothing but updates of this session leads from one target of a writer to another; not so for the same target. */
  lead(writer: PublicKeyHash, from: MaybeCid, to: MaybeCid): boolean {
    const start = text(from);
    let step: string | undefined = text(to);
    for (let count = 0; count < MAX_NOTED; count++) {
      step = this.before.get(keyOf(writer, step));
      if (step === undefined) return false;
      if (step === start) return true;
    }
    return false;
  }

  private note({ writer, signed }: WriterPointer): void {
    let update: PointerUpdate;
    try {
      update = PointerUpdate.decodeVerifiedBefore(signed);
    } catch (error) {
      // What is no update will not be stored.
      if (error instanceof PyrgosError) return;
      throw error;
    }
    const key = keyOf(writer, text(update.updated));
    this.before.delete(key);
    this.before.set(key, text(update.original));
    const [oldest] = this.before.keys();
    if (this.before.size > MAX_NOTED && oldest !== undefined) this.before.delete(oldest);
  }
}

function text(target: MaybeCid): string {
  return target?.key ?? '';
}

function keyOf(writer: PublicKeyHash, target: string): string {
  return `${writer.key} ${target}`;
}
