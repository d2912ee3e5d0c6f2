/**
 * @file Modules that a program of a cluster loads before it begins (`--preload`): ES modules with
 * `setup(program)` and `teardown(program)`, both optional, both awaited.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { HeddleError } from "../core/errors.ts";
import type { EventLog } from "./event-log.ts";

interface PreloadModule {
  readonly setup?: (program: unknown) => unknown;
  readonly teardown?: (program: unknown) => unknown;
}

/** Modules that were loaded. */
export interface Preloads {
  /** Calls every `setup` in order. Throws `InvalidArgument` when one throws. */
  setup(program: unknown): Promise<void>;
  /** Calls every `teardown` in reverse order; one that throws is logged. */
  teardown(program: unknown, log: EventLog): Promise<void>;
}

/**
 * URLs of modules that are named by a file or by a package, seen from a folder. Throws
 * `FileNotFound`.
 */
export function resolvePreloads(names: readonly string[], folder: string): string[] {
  return names.map((name) => {
    if (/^(file|data|node):/.test(name)) return name;
    const path = resolve(folder, name);
    if (existsSync(path)) return pathToFileURL(path).href;
    const isPath = /^[./]|\.[cm]?[jt]s$/.test(name);
    if (isPath) throw new HeddleError("FileNotFound", `preload ${name}: there is no such file`);
    try {
      return pathToFileURL(createRequire(`${resolve(folder)}/`).resolve(name)).href;
    } catch (cause) {
      throw new HeddleError(
        "FileNotFound",
        `preload ${name}: there is neither such a file nor such a package`,
        { cause },
      );
    }
  });
}

/** Loads modules by their URLs. Throws `InvalidArgument` when one cannot be loaded. */
export async function loadPreloads(urls: readonly string[]): Promise<Preloads> {
  const modules: { readonly url: string; readonly module: PreloadModule }[] = [];
  for (const url of urls) {
    const module = await attempt(url, "cannot be loaded", async () => await import(url));
    modules.push({ url, module: module as PreloadModule });
  }
  return {
    setup: async (program) => {
      for (const { url, module } of modules) {
        await attempt(url, "failed in setup", async () => await module.setup?.(program));
      }
    },
    teardown: async (program, log) => {
      for (const { url, module } of modules.toReversed()) {
        try {
          await module.teardown?.(program);
        } catch (error) {
          log.error("the preload module {url} failed in teardown: {error}", {
            url,
            error: String(error),
          });
        }
      }
    },
  };
}

async function attempt<T>(url: string, what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HeddleError("InvalidArgument", `The preload module ${url} ${what}: ${reason}`, {
      cause,
    });
  }
}
