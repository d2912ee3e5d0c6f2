/** @file `heddle info`: what runs where, with which parts. A part that is missing says why. */

import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from "node:os";
import { dirname } from "node:path";
import { initFrom } from "../cluster/engine-options.ts";
import { config } from "../config/config.ts";
import { configFiles } from "../config/sources.ts";
import { formatBytes } from "../core/units.ts";
import { wasmFeatures } from "./wasm-features.ts";

/** Everything `heddle info --json` prints. */
export interface Info {
  readonly heddle: string;
  readonly node: string;
  readonly v8: string;
  readonly system: string;
  readonly processors: { readonly model: string; readonly usable: number };
  readonly memory: {
    readonly totalBytes: number;
    readonly freeBytes: number;
    /** The bound a container sets on this process, if any. */
    readonly containerBytes: number | null;
  };
  readonly wasm: Readonly<Record<string, boolean>>;
  readonly linearAlgebra: Part;
  readonly tableEngine: Part;
  /** What the embedded engine would be started with. */
  readonly engine: {
    readonly threads: number;
    readonly memoryLimitBytes: number;
    readonly spillFolder: string;
  };
  readonly configFiles: readonly string[];
  /** Configuration that differs from the defaults. */
  readonly changedKeys: Readonly<Record<string, unknown>>;
}

/** A part of the installation that may be missing. */
export type Part = { readonly version: string } | { readonly missing: string };

async function probe(find: () => Promise<string>): Promise<Part> {
  try {
    return { version: await find() };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

function containerLimit(): number | null {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : null;
}

function engineDefaults(): Info["engine"] {
  const { threads, memoryLimitBytes, spillDirectory } = initFrom({});
  return { threads, memoryLimitBytes, spillFolder: dirname(spillDirectory) };
}

/** Looks at this machine; loads optional parts to see whether they work. */
export async function collectInfo(version: string): Promise<Info> {
  const changed = config.list().filter((item) => item.origin.source !== "default");
  return {
    heddle: version,
    node: process.versions.node,
    v8: process.versions.v8,
    system: `${platform()} ${release()} ${arch()}`,
    processors: { model: cpus()[0]?.model.trim() || "unknown", usable: availableParallelism() },
    memory: {
      totalBytes: totalmem(),
      freeBytes: freemem(),
      containerBytes: containerLimit(),
    },
    wasm: wasmFeatures(),
    linearAlgebra: await probe(async () => {
      const { blasInfo } = await import("../ndarray/linalg/provider.ts");
      const { provider, path, description } = blasInfo();
      return provider === "builtin" ? "built-in kernels" : `${description} (${path})`;
    }),
    tableEngine: await probe(async () => {
      const { loadLibrary } = await import("../table/library.ts");
      return `DuckDB ${String(loadLibrary().libraryVersion())}`;
    }),
    engine: engineDefaults(),
    configFiles: configFiles(),
    changedKeys: Object.fromEntries(changed.map((item) => [item.key, item.value])),
  };
}

/** The same facts as text. */
export function formatInfo(info: Info): string {
  const { memory } = info;
  const container =
    memory.containerBytes === null ? "" : `, container limit ${formatBytes(memory.containerBytes)}`;
  const features = Object.entries(info.wasm).map(([name, has]) => (has ? name : `no ${name}`));
  const changed = Object.entries(info.changedKeys).map(
    ([key, value]) => `${key} = ${JSON.stringify(value)}`,
  );
  const rows: [string, string][] = [
    ["heddle", info.heddle],
    ["node", `${info.node} (V8 ${info.v8})`],
    ["system", info.system],
    ["processors", `${info.processors.usable} usable, ${info.processors.model}`],
    [
      "memory",
      `${formatBytes(memory.totalBytes)}, ${formatBytes(memory.freeBytes)} free${container}`,
    ],
    ["WebAssembly", features.join(", ")],
    ["linear algebra", partText(info.linearAlgebra)],
    ["table engine", partText(info.tableEngine)],
    [
      "engine",
      `${info.engine.threads} task threads, ${formatBytes(info.engine.memoryLimitBytes)} for values`,
    ],
    ["spill folder", info.engine.spillFolder],
    ["configuration", info.configFiles.join(", ") || "no files"],
    ...changed.map((text): [string, string] => ["", text]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}`.trimEnd()).join("\n");
}

function partText(part: Part): string {
  return "version" in part ? part.version : `missing: ${part.missing}`;
}
