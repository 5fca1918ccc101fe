import type { ReactNode } from 'react';
import { goTo } from '../../app/router.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { EmptyState } from '../../ui/empty-state.js';
import { useCall } from '../settings/use-call.js';

/** What stands in place of the chats when there are none: how to begin one, or, for somebody without friends, where to find some. */
export function NoChats(): ReactNode {
  const text = useText();
  const { value: people } = useCall('share.people');
  const isAlone = people?.friends.length === 0;
  return (
    <EmptyState icon="chat" title={text('chats.none')}>
      <p>{text(isAlone ? 'friends.nobody' : 'chats.none.help')}</p>
      {isAlone ? (
        <Button
          icon="people"
          onPress={() => {
            goTo({ name: 'people' });
          }}
        >
          {text('share.toPeople')}
        </Button>
      ) : null}
    </EmptyState>
  );
}
