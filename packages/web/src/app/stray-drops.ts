/**
 * Keeps files that are dropped where nothing takes them from being opened by the browser in place of the app, which would end uploads and lose what was not
 * saved. Whoever takes them prevents the default of the event first.
 */
export function catchStrayDrops(): void {
  const refuse = (event: DragEvent): void => {
    const { dataTransfer } = event;
    if (event.defaultPrevented || dataTransfer === null || !dataTransfer.types.includes('Files')) return;
    // An editor takes the text of a file.
    const [target] = event.composedPath();
    if (target instanceof HTMLElement && target.isContentEditable) return;
    event.preventDefault();
    dataTransfer.dropEffect = 'none';
  };
  addEventListener('dragover', refuse);
  addEventListener('drop', refuse);
}
