import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { Dialog as AriaDialog, DialogTrigger, Popover } from 'react-aria-components';
import { useText } from '../../i18n/text.js';
import { IconButton } from '../../ui/button.js';
import styles from './emoji.module.css';

const Picker = lazy(async () => ({ default: (await import('./emoji-picker.js')).EmojiPicker }));

/** A button that opens the choice of emojis. `onChoose` is told when that is closed again, so that it can put the focus where the emoji was written. */
export function EmojiButton({
  isDisabled,
  onChoose,
}: {
  readonly isDisabled: boolean;
  readonly onChoose: (emoji: string) => void;
}): ReactNode {
  const text = useText();
  const [isOpen, setOpen] = useState(false);
  const chosen = useRef<string | undefined>(undefined);
  const choose = useRef(onChoose);
  choose.current = onChoose;
  useEffect(() => {
    const { current: character } = chosen;
    if (isOpen || character === undefined) return;
    chosen.current = undefined;
    choose.current(character);
  }, [isOpen]);
  return (
    <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
      <IconButton icon="smile" label={text('emoji.open')} isDisabled={isDisabled} />
      <Popover className={styles['popover'] ?? ''} placement="top start" containerPadding={4}>
        <AriaDialog aria-label={text('emoji.title')} className={styles['dialog'] ?? ''}>
          <Suspense fallback={<div className={styles['picker']} />}>
            <Picker
              onPick={(character) => {
                chosen.current = character;
                setOpen(false);
              }}
            />
          </Suspense>
        </AriaDialog>
      </Popover>
    </DialogTrigger>
  );
}
