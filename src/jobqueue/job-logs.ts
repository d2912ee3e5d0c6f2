/** @file What jobs have written: their files, as far as they can be read from here. */
import { open } from "node:fs/promises";
import { resolve } from "node:path";

/** Of a file the end is shown, so much of it. */
const TAIL_BYTES = 65_536;
const TAIL_LINES = 20;

/** The ends of those files that can be read; undefined where there are none. */
export async function existingLogs(files: readonly string[]): Promise<string | undefined> {
  const tails = await Promise.all(files.map(async (file) => await tailOf(resolve(file))));
  const found = tails.filter((tail) => tail !== undefined);
  return found.length === 0 ? undefined : found.join("\n");
}

/** The last lines of those files, and what to do where there are none. */
export async function describeLog(files: readonly string[]): Promise<string> {
  for (const file of files) {
    const tail = await tailOf(resolve(file));
    const lines = tail?.trim().split("\n").slice(-TAIL_LINES).join("\n") ?? "";
    if (lines !== "") return `The end of ${file}:\n${lines}`;
  }
  const where = files.length === 0 ? "" : ` It was looked for at ${files.join(" and ")}.`;
  return (
    `No log of it can be read from here.${where} ` +
    "{ logDirectory } with a folder that this host shares with the nodes shows it."
  );
}

async function tailOf(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file, "r");
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString("utf8", 0, bytesRead);
  } catch {
    return undefined;
  }
}
