import type { SharePartner } from '../../engine/sharing-calls.js';
import type { TextFunction } from '../../i18n/text.js';

/** How people read with whom something is shared. */
export function partnerName({ kind, name }: SharePartner, text: TextFunction): string {
  if (kind === 'user') return name;
  return text(name === 'friends' ? 'share.group.friends' : 'share.group.followers');
}

/** Tells partners apart. */
export function partnerKey({ kind, name }: SharePartner): string {
  return `${kind}/${name}`;
}
