import type { AbsoluteCapability } from '@pyrgos/core/model';

/** Files and directories that users have published (chapter 02 section 14.2). */
export interface PublicFiles {
  /**
   * The read capability of a published path below the user's home, such as `docs/a.txt`. The server's word: whoever must not be deceived
   * walks the public directory of the user instead. NotFoundError `not-found.file`; `unsupported` in browsers, which hide redirects.
   */
  capability(username: string, path: string, signal?: AbortSignal): Promise<AbsoluteCapability>;
}
