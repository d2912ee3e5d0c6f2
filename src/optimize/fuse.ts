/**
 * @file Fusion, first form: nothing is fused.
 */
import type { Draft } from "./draft.ts";

export function fuse(draft: Draft): Draft {
  return draft;
}
