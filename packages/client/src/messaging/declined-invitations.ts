import type { MemberId } from '@pyrgos/core/chat';
import { type CborValue, CborFields, cborMap, decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { isDamage, type Item, type OperationView, type View } from '../files/view/index.js';
import { readFileIn, writeFileIn } from '../social/own-files.js';
import type { OwnSpace } from '../social/own-space.js';

/** A file of Pyrgos in the home directory that nobody else sees, and that other clients do not know. */
const FILE = '.pyrgos-declined-chats.cbor';
/** Bytes. */
const MAX_SIZE = 262_144;
/** The newest ones that are remembered. */
const MAX_DECLINED = 1000;

/** Names one invitation: a later one into the same chat, after a removal, is another one. */
export function invitationKey(chatId: string, member: MemberId): string {
  return `${chatId} ${member.toString()}`;
}

/** The {@link invitationKey}s of the invitations that the account has declined, oldest first; none where the file is missing or damaged. */
export async function readDeclined(view: View, home: Item): Promise<ReadonlySet<string>> {
  try {
    const bytes = await readFileIn(view, home, FILE, MAX_SIZE);
    if (bytes === undefined) return new Set();
    const list = CborFields.map('format.chat', 'DeclinedInvitations', decodeCbor(bytes)).list('d');
    return new Set(list.filter((item): item is string & CborValue => typeof item === 'string'));
  } catch (error) {
    if (!isDamage(error)) throw error;
    return new Set();
  }
}

/** Adds to them: `{"d": [text …]}`. */
export async function addDeclined(operation: OperationView, space: OwnSpace, home: Item, keys: readonly string[]): Promise<void> {
  const declined = [...(await readDeclined(operation, home)), ...keys];
  const bytes = encodeCbor(cborMap([['d', [...new Set(declined)].slice(-MAX_DECLINED)]]));
  await writeFileIn(operation, space, home, FILE, bytes, { isHidden: true });
}
