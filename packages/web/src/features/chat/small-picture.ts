/** Pixels of the longer side of what a tile shows. */
const SIZE = 320;

/** A picture made small, so that a page of them does not hold all of each in memory; undefined for what the browser cannot decode. Take the address away with `URL.revokeObjectURL`. */
export async function smallPicture(bytes: Uint8Array<ArrayBuffer>, mimeType: string): Promise<string | undefined> {
  let picture: ImageBitmap | undefined;
  try {
    picture = await createImageBitmap(new Blob([bytes], { type: mimeType }));
    const { width, height } = fitted(picture, SIZE);
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    canvas.getContext('2d')?.drawImage(picture, 0, 0, width, height);
    const blob = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, 'image/png');
    });
    return blob === null ? undefined : URL.createObjectURL(blob);
  } catch {
    return undefined;
  } finally {
    picture?.close();
  }
}

/** The size of a picture whose longer side is `size` at most; at least one pixel each. */
export function fitted(
  { width, height }: { readonly width: number; readonly height: number },
  size: number,
): { readonly width: number; readonly height: number } {
  const scale = Math.min(1, size / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
