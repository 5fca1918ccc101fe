import type { ReactNode } from 'react';
import { visibleName } from '../i18n/visible-name.js';

/** A name that somebody has given, or a path: text, whose direction of writing changes nothing around it. */
export function Name({ children }: { readonly children: string }): ReactNode {
  return <bdi>{visibleName(children)}</bdi>;
}
