import { NotFoundError, type PyrgosError } from '@pyrgos/core/errors';
import { EntryPoint } from '@pyrgos/core/model';
import { isDamage } from '../files/view/index.js';
import { endsCall, type Peer, type PeerOptions, type Peers } from './peers.js';

/**
 * What becomes of a request or answer that claims to come from a user:
 * `valid`: its place is one of theirs (`entry`, in the account that they have now);
 * `forged`: it is not, and never will be;
 * `doubtful`: what the server shows of the user is not enough to tell, now or perhaps ever;
 * `unreachable`: the server cannot be asked now.
 */
export type Verdict =
  | { readonly kind: 'valid'; readonly peer: Peer; readonly entry: EntryPoint }
  | { readonly kind: 'forged' }
  | { readonly kind: 'doubtful' | 'unreachable'; readonly error: PyrgosError };

/** Whether an entry point is the user's whose name it has (chapter 06 section 2.2). Throws only what ends the call. */
export async function checkEntry(peers: Peers, entry: EntryPoint, options: PeerOptions): Promise<Verdict> {
  try {
    const known = await peers.get(entry.ownerName, options);
    // Rejections lead nowhere, so that anybody can make them.
    if (entry.capability.isNull) return { kind: 'valid', peer: known, entry };
    const isOther = !entry.capability.owner.equals(known.identity);
    // An identity that was given up may own its writing spaces for ever.
    const peer = (isOther ? await peers.newer(entry.ownerName, known.identity, options) : undefined) ?? known;
    const first = await checkOwner(peers, entry, peer, options);
    if (first.kind !== 'forged') return first;
    // What was seen some seconds ago is not enough to drop anything.
    const verdict = await checkOwner(peers, entry, await peers.get(entry.ownerName, { ...options, fresh: true }), options);
    if (verdict.kind !== 'forged') return verdict;
    const newer = await peers.newer(entry.ownerName, peer.identity, options);
    return newer === undefined ? verdict : await checkOwner(peers, entry, newer, options);
  } catch (error) {
    if (endsCall(error)) throw error;
    const reason = error as PyrgosError;
    if (reason instanceof NotFoundError && reason.code === 'not-found.user' && reason.data.deleted === true) return { kind: 'forged' };
    const { code } = reason;
    const isDoubtful = code.startsWith('denied.') || code.startsWith('not-found.') || code === 'limit' || isDamage(reason);
    return { kind: isDoubtful ? 'doubtful' : 'unreachable', error: reason };
  }
}

async function checkOwner(peers: Peers, entry: EntryPoint, peer: Peer, { signal }: PeerOptions): Promise<Verdict> {
  const { capability, ownerName } = entry;
  const isTheirs = await peers.owns(peer, capability.writer, signal);
  if (isTheirs === false) return { kind: 'forged' };
  if (isTheirs === undefined) {
    const error = new NotFoundError(
      'not-found.key',
      'What can be read of the account of this user is not enough to tell whether this is theirs.',
    );
    return { kind: 'doubtful', error };
  }
  return { kind: 'valid', peer, entry: EntryPoint.of(capability.withOwner(peer.identity), ownerName) };
}
