import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { ChatLine } from '../../engine/chat-calls.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { IsolatedText } from '../../i18n/visible-name.js';
import { previewText } from './line-text.js';

/** Messages that are there to be announced; of more only the last ones. */
const MAX_ANNOUNCED = 3;

/** Tells screen readers what has come, when they have nothing else to say. Nothing that was there before. */
export function Announcer({ lines }: { readonly lines: readonly ChatLine[] }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const [said, setSaid] = useState<readonly { readonly ref: string; readonly words: string }[]>([]);
  const wording = useRef({ text, language });
  wording.current = { text, language };
  useEffect(() => {
    const { text: say, language: tongue } = wording.current;
    const fresh = lines.map((line) => ({
      ref: line.ref,
      words: say('chat.announce', {
        author: IsolatedText.of(line.author),
        text: IsolatedText.ofShown(previewText(line, tongue, say)),
      }),
    }));
    setSaid((before) => [...before.filter(({ ref }) => !fresh.some((one) => one.ref === ref)), ...fresh].slice(-MAX_ANNOUNCED));
  }, [lines]);
  return (
    <div className="visually-hidden" role="log" aria-live="polite">
      {said.map(({ ref, words }) => (
        <p key={ref}>{words}</p>
      ))}
    </div>
  );
}
