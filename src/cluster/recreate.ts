/**
 * @file Tasks of an engine run again in this program, where a debugger can follow them: with the
 * same function, literals and inputs.
 */
import { decodeValue, prepareValue } from "../codec/index.ts";
import { type ColumnReader, compileTemplate } from "../core/invoke.ts";
import { templateFrom } from "../threads/graph-image.ts";
import type { Recipe } from "./control/recipe.ts";
import { submissionOf } from "./coordination/asker.ts";
import type { EngineLink } from "./link.ts";

/**
 * Runs the task here; with `culprit`, the one whose failure made it fail. Throws what it throws.
 */
export async function runHere(link: EngineLink, id: number, culprit: boolean): Promise<unknown> {
  const recipe = (await link.control({ kind: "recipe", id, culprit })) as Recipe;
  const { call, name, inputs } = recipe;
  const template = await templateFrom({ name, call });
  const [columns, values] = await Promise.all([
    Promise.all(recipe.columns.map(readerOf)),
    valuesOf(link, inputs),
  ]);
  const invoke = compileTemplate(template);
  const dep = (index: number): unknown => values[index];
  return await invoke({ row: 0, columns, depCount: values.length, dep });
}

async function readerOf(given: number | Uint8Array): Promise<ColumnReader> {
  if (typeof given === "number") return () => given;
  await prepareValue(given);
  return () => decodeValue(given);
}

/** The values of other tasks, which are computed again where they are not kept. */
async function valuesOf(link: EngineLink, ids: Int32Array): Promise<unknown[]> {
  if (ids.length === 0) return [];
  const release = submissionOf(link, ids).hold(0, ids.length);
  try {
    link.post({ kind: "want", ids });
    await link.settled(ids);
    return await link.values(ids, new Error());
  } finally {
    release();
  }
}
