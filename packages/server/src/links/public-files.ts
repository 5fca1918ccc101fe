import type { Hasher } from '@pyrgos/core/crypto';
import { NotFoundError } from '@pyrgos/core/errors';
import { formatCapabilityLink, InodeFileSystem, MemoryBlocks } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { UserDirectory } from '../ports/user-directory.js';
import type { PublicFileService } from '../services.js';
import { localBlockSource } from '../ports/local-source.js';
import { currentWriterData } from './current-writer-data.js';

/** What {@link PublicFiles} needs. */
export interface PublicFilesOptions {
  readonly hasher: Hasher;
  readonly local: LocalBlocks;
  readonly pointers: Pick<PointerStore, 'getPointer'>;
  readonly directory: Pick<UserDirectory, 'identityOf'>;
}

/** What users of this server have published (chapter 02 section 14.2, chapter 08 section 15.2). */
export class PublicFiles implements PublicFileService {
  constructor(private readonly options: PublicFilesOptions) {}

  /**
   * The link to the capability that is published at `path`, which does not include the user name, or at the nearest published
   * directory above it: the client finds the rest of the way. NotFoundError `not-found.file` for anything else.
   */
  async capabilityLink(username: string, path: string): Promise<string> {
    const { hasher, local, directory } = this.options;
    const identity = await directory.identityOf(username);
    const root = identity === undefined ? undefined : (await currentWriterData(this.options, username, identity))?.public;
    if (identity === undefined || root === undefined) throw notPublished();
    const environment = {
      hasher,
      source: localBlockSource(local, username),
      sink: new MemoryBlocks(hasher),
      context: { owner: identity },
    };
    const published = await (await InodeFileSystem.open(environment, root)).getByPath(`${username}/${path.replace(/^\/+/, '')}`);
    if (published === undefined) throw notPublished();
    return formatCapabilityLink(published.capability.toReadOnly());
  }
}

function notPublished(): NotFoundError {
  return new NotFoundError('not-found.file', 'Nothing is published at this path.');
}
