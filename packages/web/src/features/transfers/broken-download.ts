/** The browser has given up to store something. */
export class BrokenDownload extends Error {
  override readonly name = 'BrokenDownload';

  constructor() {
    super('The browser has stopped this download.');
  }
}
