/**
 * @file Compression of values on their way to disk: Zstandard where Node has it, else deflate, both
 * at their fastest. Runs on Node's thread pool, so the control thread goes on meanwhile.
 */
import { promisify } from "node:util";
import * as zlib from "node:zlib";

export interface SpillCodec {
  compress(bytes: Uint8Array): Promise<Uint8Array>;
  decompress(bytes: Uint8Array): Promise<Uint8Array>;
}

type Squeeze = (
  bytes: Uint8Array,
  options: object,
  done: (error: Error | null, result: Buffer) => void,
) => void;

/** What newer versions of Node have. */
interface Newer {
  readonly zstdCompress?: Squeeze;
  readonly zstdDecompress?: Squeeze;
}

/** The codec of `worker.memory.spill-compression`; undefined for none. */
export function spillCodec(kind: "none" | "auto"): SpillCodec | undefined {
  if (kind === "none") return undefined;
  const { zstdCompress, zstdDecompress } = zlib as Newer;
  if (zstdCompress !== undefined && zstdDecompress !== undefined) {
    // Zstandard's default level is among its fast ones.
    return codecOf(zstdCompress, {}, zstdDecompress);
  }
  return codecOf(zlib.deflateRaw as Squeeze, { level: 1 }, zlib.inflateRaw as Squeeze);
}

function codecOf(compress: Squeeze, options: object, decompress: Squeeze): SpillCodec {
  const [squeeze, expand] = [promisify(compress), promisify(decompress)];
  return {
    compress: async (bytes) => (await squeeze(bytes, options)) as Buffer,
    decompress: async (bytes) => (await expand(bytes, {})) as Buffer,
  };
}
