import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { ChatMediaItem } from '../../engine/chat-calls.js';
import { engine } from '../../engine/start-engine.js';
import { formatDate, formatSize } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { visibleName } from '../../i18n/visible-name.js';
import { Name } from '../../ui/name.js';
import styles from './dialogs.module.css';

/** What an attachment in the gallery is, in place of a name, which is not sent: its kind and size, who sent it, and when. */
export function MediaFacts({
  id,
  item: { line, place, extension },
  kind,
}: {
  readonly id: string;
  readonly item: ChatMediaItem;
  /** In words. */
  readonly kind: string;
}): ReactNode {
  const text = useText();
  const language = useLanguage();
  const facts = useRef<HTMLDivElement>(null);
  const size = useSize(id, line.ref, place, facts);
  const what = extension === '' ? kind : `${kind} (${extension})`;
  return (
    <div ref={facts} className={styles['facts']}>
      <p>{size === undefined ? visibleName(what) : text('chat.file', { kind: what, size: formatSize(size, language) })}</p>
      <p>
        <Name>{line.author}</Name> · <time dateTime={new Date(line.time).toISOString()}>{formatDate(line.time, language)}</time>
      </p>
    </div>
  );
}

/** How large an attachment is, asked when its tile comes into sight; undefined until then, and when nobody can tell. */
function useSize(id: string, ref: string, place: number, facts: { readonly current: HTMLElement | null }): number | undefined {
  const [size, setSize] = useState<number | undefined>(undefined);
  useEffect(() => {
    const { current } = facts;
    if (current === null) return undefined;
    const stop = new AbortController();
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      watch.disconnect();
      engine()
        .call('chat.attachmentSize', { id, ref, place }, { signal: stop.signal })
        .then(
          (found) => {
            if (!stop.signal.aborted) setSize(found);
          },
          // What cannot be reached now says so when it is opened.
          () => undefined,
        );
    });
    watch.observe(current);
    return () => {
      watch.disconnect();
      stop.abort();
    };
  }, [id, ref, place, facts]);
  return size;
}
