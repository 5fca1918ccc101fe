import type { ReactNode } from 'react';
import { goTo } from '../../app/router.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { DoorFrame } from '../welcome/door-frame.js';

/** What somebody sees who follows a link to something shared. */
export function LinkScreen(): ReactNode {
  const text = useText();
  return (
    <DoorFrame title={text('link.title')}>
      <p>{text('link.later')}</p>
      <Button
        onPress={() => {
          goTo({ name: 'start' });
        }}
      >
        {text('login.title')}
      </Button>
    </DoorFrame>
  );
}
