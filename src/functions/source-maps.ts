/**
 * @file Stack frames of functions that a compiler wrote (TypeScript under a loader, a bundle): the
 * thread that ran them has only the compiled text, so it marks their frames, and the sender, who
 * has the source map, finds the original lines.
 */
import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sourceMapOf } from "./script.ts";

const FRAME = /(file:[^\s()]*)\?heddle:(\d+):(\d+)/g;
const maps = new Map<string, SourceMap | undefined>();

/** The stack with original places wherever a source map says them. */
export function mapStack(stack: string): string {
  return stack.replace(FRAME, (_, url: string, line: string, column: string) => {
    const entry = mapOf(url)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !("originalLine" in entry)) return `${url}:${line}:${column}`;
    return `${originalOf(entry.originalSource, url)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

/** Source maps name the original relative to the script, or by its path. */
function originalOf(source: string | undefined, url: string): string {
  if (source === undefined || source === "") return url;
  return path.isAbsolute(source) ? pathToFileURL(source).href : new URL(source, url).href;
}

function mapOf(url: string): SourceMap | undefined {
  if (!maps.has(url)) maps.set(url, readMap(url));
  return maps.get(url);
}

function readMap(url: string): SourceMap | undefined {
  const comment = sourceMapOf(url);
  if (comment === undefined) return undefined;
  try {
    return new SourceMap(JSON.parse(textOf(comment, url)));
  } catch {
    // A map that is missing or broken costs the original lines, not the error.
    return undefined;
  }
}

function textOf(comment: string, url: string): string {
  const inline = /^data:[^,]*?(;base64)?,(.*)$/s.exec(comment);
  if (inline === null) return readFileSync(fileURLToPath(new URL(comment, url)), "utf8");
  const [, base64, data = ""] = inline;
  return base64 === undefined ? decodeURIComponent(data) : Buffer.from(data, "base64").toString();
}
