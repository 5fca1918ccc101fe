import type { AbsoluteCapability, EntryPoint } from '@pyrgos/core/model';
import { type CapabilitiesRead, isGroupUid, ProcessedCaps, type SharedAccess } from '@pyrgos/core/social';
import type { Item, View } from '../files/view/index.js';
import { type NewRecords, readNewRecords } from './new-records.js';
import { openOne } from './received-items.js';

/** What was read of everything that a friend shares, from a position on. */
export interface SharesRead {
  /** In the order of the protocol: for reading, for writing, then those of the groups. */
  readonly capabilities: readonly AbsoluteCapability[];
  /** The same, of each file that was read. */
  readonly streams: readonly (readonly AbsoluteCapability[])[];
  /** Whether there is nothing more to be read now. */
  readonly isComplete: boolean;
  /** Whether anything was read, be it garbage. */
  readonly hasNew: boolean;
  /** The position behind what was read, when those capabilities that are in `resolved` lead somewhere. */
  positionAfter(resolved: ReadonlySet<AbsoluteCapability>): ProcessedCaps;
}

/** Groups whose directories are read at the same time. */
const GROUPS_IN_FLIGHT = 8;

/**
 * Reads what a friend shares (chapter 06 section 9.2), a bounded number of bytes of each file: `entry` is the capability of `/<friend>/shared/<user>`, `groups`
 * are the directories of groups by their paths. What cannot be opened has nothing new. Errors: `network` and the like.
 */
export async function readShares(
  view: View,
  entry: AbsoluteCapability,
  groups: ReadonlyMap<string, EntryPoint>,
  from: ProcessedCaps,
): Promise<SharesRead> {
  const uids = [...groups].flatMap(([path, { capability }]) => {
    const uid = path.split('/').at(-1);
    return isGroupUid(uid) ? [{ uid, capability }] : [];
  });
  const places: readonly { readonly uid: string | undefined; readonly capability: AbsoluteCapability }[] = [
    { uid: undefined, capability: entry },
    ...uids,
  ];
  const parts: Part[] = [];
  for (let first = 0; first < places.length; first += GROUPS_IN_FLIGHT) {
    const some = places.slice(first, first + GROUPS_IN_FLIGHT);
    parts.push(...(await Promise.all(some.map(async ({ uid, capability }) => readPlace(view, uid, capability, from)))).flat());
  }
  let position = from;
  for (const { uid, access, records } of parts) {
    if (records.start === 0 && records.bytes > 0) position = position.restarted(access, uid);
  }
  return {
    capabilities: parts.flatMap(({ records }) => records.capabilities),
    streams: parts.map(({ records }) => records.capabilities),
    isComplete: parts.every(({ records }) => records.isEnd),
    hasNew: parts.some(({ records }) => records.bytes > 0),
    positionAfter: (resolved) => position.add(countOf(parts, position, resolved)),
  };
}

/** What was read of one file. */
interface Part {
  readonly uid: string | undefined;
  readonly access: SharedAccess;
  readonly records: NewRecords;
}

async function readPlace(
  view: View,
  uid: string | undefined,
  capability: AbsoluteCapability,
  from: ProcessedCaps,
): Promise<readonly Part[]> {
  const directory: Item | undefined = (await openOne(view, capability)).item;
  // Whoever is no member any more finds nothing.
  if (directory === undefined || !directory.isDirectory || !directory.isReadable) return [];
  const at = uid === undefined ? from : (from.groups.get(uid) ?? ProcessedCaps.empty);
  return Promise.all(
    (['read', 'write'] as const).map(async (access) => {
      const before = access === 'read' ? at.readBytes : at.writeBytes;
      return { uid, access, records: await readNewRecords(view, directory, access, before) };
    }),
  );
}

/** What {@link ProcessedCaps.add} takes, from the position at which reading began. */
function countOf(parts: readonly Part[], position: ProcessedCaps, resolved: ReadonlySet<AbsoluteCapability>): CapabilitiesRead {
  const of = (uid: string | undefined): CapabilitiesRead => {
    const at = uid === undefined ? position : (position.groups.get(uid) ?? ProcessedCaps.empty);
    const part = (access: SharedAccess): { bytes: number; count: number } => {
      const records = parts.find((one) => one.uid === uid && one.access === access)?.records;
      if (records === undefined) return { bytes: 0, count: 0 };
      return { bytes: records.bytes, count: records.capabilities.filter((one) => resolved.has(one)).length };
    };
    const [read, write] = [part('read'), part('write')];
    return {
      readStart: at.readBytes,
      readBytes: read.bytes,
      readCount: read.count,
      writeStart: at.writeBytes,
      writeBytes: write.bytes,
      writeCount: write.count,
    };
  };
  const uids = new Set(parts.flatMap(({ uid }) => uid ?? []));
  return { ...of(undefined), groups: new Map([...uids].map((uid) => [uid, of(uid)])) };
}
