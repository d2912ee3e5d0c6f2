/**
 * @file Choosing whole blocks by their place in the grid.
 */
import { HeddleError } from "../../core/errors.ts";
import { bindIndex, parseIndex, resolveInteger } from "../../core/indexing.ts";
import { gridOf } from "../chunks.ts";
import { pickedAxis } from "../cut.ts";
import { type Expr, view } from "../expression.ts";

/** The array of the chosen blocks; integers choose one block and keep the axis. */
export function pickBlocks(
  array: Expr,
  index: readonly (number | string | readonly number[])[],
): Expr {
  const grid = gridOf(array.chunks);
  const axes = bindIndex(parseIndex(index), grid).map((part) => {
    if (part.kind === "newAxis") {
      throw new HeddleError(
        "InvalidArgument",
        "blocks.at takes no null: a grid of blocks has no new axes",
      );
    }
    const blocks = array.chunks[part.axis] as readonly number[];
    return pickedAxis(blocks, part.axis, placesOf(part, blocks.length));
  });
  return view(array, { axes, fixed: [] });
}

type Part = Exclude<ReturnType<typeof bindIndex>[number], { kind: "newAxis" }>;

function placesOf(part: Part, count: number): number[] {
  if (part.kind === "integer") return [part.index];
  if (part.kind === "range") {
    return Array.from({ length: part.count }, (_, i) => part.start + i * part.step);
  }
  const { array } = part;
  if (!Array.isArray(array)) {
    throw new HeddleError(
      "InvalidArgument",
      "blocks.at takes integers, slices and lists of integers",
    );
  }
  return array.map((place: unknown) => resolveInteger(Number(place), count, part.axis));
}
