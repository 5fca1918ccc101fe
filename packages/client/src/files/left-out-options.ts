import type { PyrgosError } from '@pyrgos/core/errors';

/** What is done with what cannot come along when files get new keys (chapter 04 section 22.3). */
export interface LeftOutOptions {
  /**
   * Leave out what is damaged and may come back, for instance from a backup of the server: it is not there any more then. Default false: the call fails with what
   * is wrong, with its path, and nothing has changed.
   */
  readonly leaveOutDamaged?: boolean | undefined;
  /**
   * Told, once all has changed, of everything that was left out, and what was wrong with it: what is damaged, if that is allowed; and always what does not belong where it was listed,
   * and what nobody can ever open. Of a file or directory of which only a part was damaged, that part is left out.
   */
  readonly onLeftOut?: ((path: string, error: PyrgosError) => void) | undefined;
}
