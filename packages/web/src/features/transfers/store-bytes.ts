/** Milliseconds after which the bytes are given up: the browser has begun to store them by then. */
const BEGIN_PATIENCE = 60_000;

/** Has the browser store what is in memory as a file on this device, on any page. */
export function storeBytes(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const address = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(address);
  }, BEGIN_PATIENCE);
}
