import type { LinkRow } from '../../engine/sharing-calls.js';
import { formatTime } from '../../i18n/format.js';
import type { TextFunction } from '../../i18n/text.js';

/** Whether a link opens nothing any more. */
export function isOver({ expires, maxUses, uses }: LinkRow, now: number = Date.now()): boolean {
  return (expires !== null && expires <= now) || (maxUses !== null && uses !== undefined && uses >= maxUses);
}

/** What a link allows, how long, and how often it was used, in a few words. */
export function linkFacts(link: LinkRow, text: TextFunction, language: string): string {
  const { isWritable, hasPassword, expires, maxUses, uses } = link;
  const isExpired = expires !== null && expires <= Date.now();
  const facts = [
    text(isWritable ? 'share.canEdit' : 'share.canView'),
    ...(hasPassword ? [text('links.withPassword')] : []),
    expires === null ? text('links.forEver') : text(isExpired ? 'links.expired' : 'links.until', { time: formatTime(expires, language) }),
    ...(maxUses !== null
      ? [
          uses === undefined
            ? text('links.max', { count: maxUses })
            : text('links.usesLeft', { left: Math.max(0, maxUses - uses), max: maxUses }),
        ]
      : uses === undefined
        ? []
        : [text('links.uses', { count: uses })]),
  ];
  return facts.join(' · ');
}
