import { type ReactNode, useState } from 'react';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { foldedText } from './folded-text.js';
import { linkedText } from './linked-text.js';
import styles from './news.module.css';

/** The text of a post: text, never markup, with the addresses in it as links. Of a long one the beginning, until somebody wants the rest. */
export function PostText({ text }: { readonly text: string }): ReactNode {
  const say = useText();
  const [isOpen, setOpen] = useState(false);
  if (text.trim() === '') return null;
  const beginning = foldedText(text);
  const isCut = beginning !== undefined && !isOpen;
  const parts = linkedText(isCut ? beginning : text);
  return (
    <>
      <p className={styles['text']} dir="auto">
        {parts.map(({ text: part, href }, i) =>
          // An address that is cut off leads elsewhere.
          href === undefined || (isCut && i === parts.length - 1) ? (
            part
          ) : (
            // Parts of one text have nothing else.
            <a key={i} href={href} target="_blank" rel="noopener noreferrer nofollow">
              {part}
            </a>
          ),
        )}
        {isCut ? ' …' : null}
      </p>
      {beginning === undefined ? null : (
        <Button
          kind="quiet"
          aria-expanded={isOpen}
          onPress={() => {
            setOpen(!isOpen);
          }}
        >
          {say(isOpen ? 'news.text.less' : 'news.text.more')}
        </Button>
      )}
    </>
  );
}
