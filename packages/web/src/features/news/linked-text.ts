/** A part of a text: as it is, or an address that can be opened. */
export interface TextPart {
  readonly text: string;
  readonly href: string | undefined;
}

/** What looks like an address; what may stand behind it in a sentence is cut off below. */
// oxlint-disable-next-line no-control-regex
const ADDRESS = /https?:\/\/[^\s<>"'`\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202f\u2060-\u206f]+/giu;
const BEHIND = new Set('.,;:!?)]}…');
/** Longest address that is made a link. */
const MAX_ADDRESS = 2048;

/** Recognises web addresses in a text that somebody else has written. Only `http` and `https` become links, and what they show is where they lead. */
export function linkedText(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  const plain = (until: number): void => {
    if (until > end) parts.push({ text: text.slice(end, until), href: undefined });
  };
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = withoutBehind(found);
    const href = address.length <= MAX_ADDRESS ? hrefOf(address) : undefined;
    if (href === undefined) continue;
    plain(index);
    parts.push({ text: address, href });
    end = index + address.length;
  }
  plain(text.length);
  return parts;
}

/** A bracket that was opened inside belongs to it. */
function withoutBehind(found: string): string {
  // Not a pattern that ends in `$`: it would begin anew at each sign of a text that is full of them.
  let end = found.length;
  while (end > 0 && BEHIND.has(found.charAt(end - 1))) end--;
  const bare = found.slice(0, end);
  return found.charAt(end) === ')' && bare.includes('(') ? `${bare})` : bare;
}

/** Undefined for what is no address, and for one with a name and a password: it would look like another place. */
function hrefOf(address: string): string | undefined {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return undefined;
  }
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb && url.username === '' && url.password === '' && url.hostname !== '' ? url.href : undefined;
}
