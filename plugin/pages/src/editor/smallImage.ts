import type { EditorImage } from "./index.tsx";

/** A signature is kept with its account and sent with each mail: pictures in it are small, whatever was chosen. */
const WIDEST = 320;
const TALLEST = 160;
/** Characters of the address; the server takes 64 kB for the whole signature. */
const LARGEST = 40_000;

/** A picture made small enough to stand in the text itself; nothing if it can't be read. */
export async function smallImage(file: File): Promise<EditorImage | undefined> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return undefined;
  }
  try {
    for (const share of [1, 0.75, 0.5]) {
      const scale = Math.min(1, (WIDEST * share) / bitmap.width, (TALLEST * share) / bitmap.height);
      const width = Math.max(1, Math.round(bitmap.width * scale));
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = Math.max(1, Math.round(bitmap.height * scale));
      canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      // Logos keep their transparency; photographs are smaller without. Not every mail program shows WebP.
      for (const src of [canvas.toDataURL("image/png"), canvas.toDataURL("image/jpeg", 0.8)]) {
        if (src.length <= LARGEST) return { src, alt: file.name.replace(/\.[^.]+$/, ""), width };
      }
    }
    return undefined;
  } finally {
    bitmap.close();
  }
}
