import { MAX_CHAT_MEMBERS, MAX_CHAT_PROPERTIES, MAX_CHAT_PROPERTIES_LENGTH, MAX_CHAT_STATE_ITEMS } from '../limits.js';
import type { ChatMember } from './chat-member.js';
import type { GroupProperty } from './group-property.js';
import type { TreeClock } from './tree-clock.js';

/** CBOR items of a member without the elements of its id, which are there twice. */
const ITEMS_OF_MEMBER = 26;
/** CBOR items of a property without its clock. */
const ITEMS_OF_PROPERTY = 16;

/** A limit that the state of a chat would exceed. */
export interface ExceededLimit {
  readonly limit: string;
  readonly actual: number;
  readonly maximum: number;
}

/**
 * Why the state of a chat would become too large, or undefined. Whatever members do, everybody must be able to write the own state, and to read it again: what would make it
 * larger than that has no effect.
 */
export function exceededLimit(
  members: ReadonlyMap<string, ChatMember>,
  properties: ReadonlyMap<string, GroupProperty>,
  clock: TreeClock,
): ExceededLimit | undefined {
  let [items, length] = [itemsOfClock(clock), 0];
  for (const { id } of members.values()) items += ITEMS_OF_MEMBER + 2 * id.elements.length;
  for (const [key, { author, timestamp, value }] of properties) {
    items += ITEMS_OF_PROPERTY + author.elements.length + itemsOfClock(timestamp);
    length += key.length + value.length;
  }
  return [
    { limit: 'members of the chat', actual: members.size, maximum: MAX_CHAT_MEMBERS },
    { limit: 'properties of the chat', actual: properties.size, maximum: MAX_CHAT_PROPERTIES },
    { limit: 'characters of all properties of the chat', actual: length, maximum: MAX_CHAT_PROPERTIES_LENGTH },
    { limit: 'items of the state of the chat', actual: items, maximum: MAX_CHAT_STATE_ITEMS },
  ].find(({ actual, maximum }) => actual > maximum);
}

function itemsOfClock(clock: TreeClock): number {
  let items = 1;
  for (const [id] of clock.values()) items += 2 + id.elements.length;
  return items;
}
