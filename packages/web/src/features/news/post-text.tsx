import type { ReactNode } from 'react';
import { linkedText } from './linked-text.js';
import styles from './news.module.css';

/** The text of a post: text, never markup, with the addresses in it as links. */
export function PostText({ text }: { readonly text: string }): ReactNode {
  if (text.trim() === '') return null;
  return (
    <p className={styles['text']} dir="auto">
      {linkedText(text).map(({ text: part, href }, i) =>
        href === undefined ? (
          part
        ) : (
          // Parts of one text have nothing else.
          <a key={i} href={href} target="_blank" rel="noopener noreferrer nofollow">
            {part}
          </a>
        ),
      )}
    </p>
  );
}
