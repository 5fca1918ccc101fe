import {
  MAX_CHAT_MEMBER_ID_LENGTH,
  MAX_CHAT_MEMBERS,
  MAX_CHAT_PROPERTIES,
  MAX_CHAT_PROPERTIES_LENGTH,
  MAX_CHAT_RESERVED_ADMINS,
  MAX_CHAT_RESERVED_ICON,
  MAX_CHAT_RESERVED_TITLE,
  MAX_CHAT_STATE_ITEMS,
} from '../limits.js';
import type { ChatMember } from './chat-member.js';
import { ChatProperty, type GroupProperty } from './group-property.js';
import type { TreeClock } from './tree-clock.js';

/** CBOR items of a member without the elements of its id, which are there twice. */
const ITEMS_OF_MEMBER = 26;
/** CBOR items of a property without its clock. */
const ITEMS_OF_PROPERTY = 16;

/** Code units that each property with a meaning has for itself, key and value. */
const RESERVED: ReadonlyMap<string, number> = new Map([
  [ChatProperty.admins, MAX_CHAT_RESERVED_ADMINS],
  [ChatProperty.title, MAX_CHAT_RESERVED_TITLE],
  [ChatProperty.icon, MAX_CHAT_RESERVED_ICON],
]);

/** A limit that the state of a chat would exceed. */
export interface ExceededLimit {
  readonly limit: string;
  readonly actual: number;
  readonly maximum: number;
}

/** The parts of a state that grow. */
export interface GrowingState {
  readonly members: ReadonlyMap<string, ChatMember>;
  readonly properties: ReadonlyMap<string, GroupProperty>;
  readonly clock: TreeClock;
}

/**
 * Why a state would have too many members, or undefined. Whatever members do, everybody must be able to write the own state, and to read it again: what would make it larger than that has no
 * effect.
 */
export function exceededByMember({ members, properties, clock }: GrowingState): ExceededLimit | undefined {
  return firstExceeded([
    { limit: 'members of the chat', actual: members.size, maximum: MAX_CHAT_MEMBERS },
    { limit: 'items of the state of the chat', actual: itemsOf({ members, properties, clock }), maximum: MAX_CHAT_STATE_ITEMS },
  ]);
}

/**
 * Why the properties of a state would be too large once `key` is set as it is in them, or undefined. For the title, the picture and the admins there is room, whatever others have set: of the number of
 * properties, of their length up to what is reserved for each, and of the items of the state.
 */
export function exceededByProperty({ members, properties, clock }: GrowingState, key: string): ExceededLimit | undefined {
  const reserved = RESERVED.get(key);
  const isKnown = reserved !== undefined;
  const items = itemsOf({ members, properties, clock });
  const length = lengthOf(properties);
  const others = [...properties.keys()].filter((other) => !RESERVED.has(other)).length;
  return firstExceeded([
    { limit: 'properties of the chat', actual: isKnown ? 0 : others, maximum: MAX_CHAT_PROPERTIES - RESERVED.size },
    {
      limit: 'characters of all properties of the chat',
      actual: isKnown && ownLength(key, properties.get(key)) <= reserved ? 0 : length,
      maximum: MAX_CHAT_PROPERTIES_LENGTH,
    },
    {
      limit: 'items of the state of the chat',
      actual: isKnown ? items : items + RESERVED.size * (ITEMS_OF_PROPERTY + MAX_CHAT_MEMBER_ID_LENGTH + itemsOfClock(clock)),
      maximum: MAX_CHAT_STATE_ITEMS,
    },
  ]);
}

/** Code units of all properties, with all that is reserved. */
function lengthOf(properties: ReadonlyMap<string, GroupProperty>): number {
  let length = 0;
  for (const [key, reserved] of RESERVED) length += Math.max(reserved, ownLength(key, properties.get(key)));
  for (const [key, property] of properties) if (!RESERVED.has(key)) length += ownLength(key, property);
  return length;
}

function ownLength(key: string, property: GroupProperty | undefined): number {
  return property === undefined ? 0 : key.length + property.value.length;
}

function itemsOf({ members, properties, clock }: GrowingState): number {
  let items = itemsOfClock(clock);
  for (const { id } of members.values()) items += ITEMS_OF_MEMBER + 2 * id.elements.length;
  for (const { author, timestamp } of properties.values()) items += ITEMS_OF_PROPERTY + author.elements.length + itemsOfClock(timestamp);
  return items;
}

function firstExceeded(limits: readonly ExceededLimit[]): ExceededLimit | undefined {
  return limits.find(({ actual, maximum }) => actual > maximum);
}

function itemsOfClock(clock: TreeClock): number {
  let items = 1;
  for (const [id] of clock.values()) items += 2 + id.elements.length;
  return items;
}
