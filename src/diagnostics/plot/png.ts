/** @file Plots as PNG, by the optional package `sharp`. */
import { HeddleError } from "../../core/errors.ts";

type Sharp = (
  input: Uint8Array,
  options: { density: number },
) => {
  png(): { toBuffer(): Promise<Uint8Array> };
};

/**
 * The picture as PNG. Give the plot `theme: "light"` or `"dark"`: a PNG cannot follow its reader.
 * `scale` is pixels for each pixel of the plot; default 2.
 *
 * Errors: `NotSupported` when the package `sharp` is not installed.
 */
export async function toPng(svg: string, options: { scale?: number } = {}): Promise<Uint8Array> {
  let sharp: Sharp;
  try {
    sharp = ((await import("sharp")) as unknown as { default: Sharp }).default;
  } catch (cause) {
    throw new HeddleError(
      "NotSupported",
      'PNG needs the package sharp, which is not installed: run "npm install sharp", or keep the SVG',
      { cause },
    );
  }
  const density = 72 * (options.scale ?? 2);
  return await sharp(new TextEncoder().encode(svg), { density }).png().toBuffer();
}
