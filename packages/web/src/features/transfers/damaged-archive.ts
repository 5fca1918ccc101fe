/** A zip file is stored, but not everything is in it. */
export class DamagedArchive extends Error {
  override readonly name = 'DamagedArchive';

  constructor(
    /** Things that are missing or cut off. */
    readonly count: number,
    /** The file in it that names them. */
    readonly reportName: string,
  ) {
    super('Not everything could be read.');
  }
}
