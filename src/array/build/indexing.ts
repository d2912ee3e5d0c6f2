/**
 * @file Indexing: integers, slices, new axes and the ellipsis become a view; lists of integers
 * (lazy ones too) become a take along their axis; masks select elements, which leaves block lengths
 * unknown until they are computed.
 */
import { HeddleError } from "../../core/errors.ts";
import { type BoundPart, bindIndex, type IndexPart, parseIndex } from "../../core/indexing.ts";
import { blockAt } from "../axis-plans.ts";
import { offsetsOf, sum } from "../chunks.ts";
import { type CutAxis, type FixedAxis, repeatedAxis, slicedAxis, wholeAxis } from "../cut.ts";
import { type Expr, shapeOfExpr, view } from "../expression.ts";
import { unknownChunks } from "./errors.ts";
import { selectMask } from "./mask.ts";
import { take } from "./take.ts";
import { takeLazily } from "./take-lazy.ts";

/** What an index array turned out to be. */
export type IndexArray =
  | { readonly kind: "mask"; readonly mask: Expr }
  | { readonly kind: "lazy"; readonly indices: Expr }
  | { readonly kind: "bools"; readonly values: ArrayLike<boolean | number> }
  | { readonly kind: "integers"; readonly values: ArrayLike<number> };

/** The part of an array that `args` index; `readArray` says what index arrays are. */
export function index(
  array: Expr,
  args: readonly unknown[],
  readArray: (value: unknown) => IndexArray,
): Expr {
  const parts = parseIndex(args);
  const arrays = new Map<unknown, IndexArray>();
  for (const part of parts) {
    if (part.kind === "array") arrays.set(part.array, readArray(part.array));
  }
  checkKnown(array, parts, arrays);
  const bound = bindIndex(parts, shapeOfExpr(array), (given) => axesTaken(arrays.get(given)));
  const fancy = bound.filter((part) => part.kind === "array");
  if (fancy.length > 1) {
    throw new HeddleError(
      "NotSupported",
      'at takes one index array at a time: index again for the next one, x.at([0, 2]).at(":", [1, 3])',
    );
  }
  const [only] = fancy;
  if (only === undefined) return view(array, cutOf(array, bound));
  return fancyIndex(array, bound, only, arrays.get(only.array) as IndexArray);
}

function axesTaken(array: IndexArray | undefined): number {
  return array?.kind === "mask" ? array.mask.chunks.length : 1;
}

type ArrayPart = Extract<BoundPart, { kind: "array" }>;

/** Slices everything else first, then applies the one index array to its axis of the result. */
function fancyIndex(
  array: Expr,
  bound: readonly BoundPart[],
  at: ArrayPart,
  found: IndexArray,
): Expr {
  const basic = bound.flatMap((part): BoundPart[] => {
    if (part !== at) return [part];
    return Array.from({ length: at.axes }, (_, k) => fullRange(array, at.axis + k));
  });
  const sliced = view(array, cutOf(array, basic));
  const axis = bound.slice(0, bound.indexOf(at)).filter((part) => part.kind !== "integer").length;
  if (found.kind === "lazy") return takeLazily(sliced, found.indices, axis);
  if (found.kind === "integers") return take(sliced, found.values, axis);
  if (found.kind === "bools") return take(sliced, positions(found.values, sliced, axis), axis);
  return selectMask(sliced, found.mask, axis);
}

function fullRange(array: Expr, axis: number): BoundPart {
  const count = sum(array.chunks[axis] as readonly number[]);
  return { kind: "range", axis, start: 0, step: 1, count };
}

function positions(values: ArrayLike<boolean | number>, array: Expr, axis: number): number[] {
  const length = sum(array.chunks[axis] as readonly number[]);
  if (values.length !== length) {
    throw new HeddleError(
      "InvalidShape",
      `a boolean index of length ${values.length} does not fit axis ${axis} of length ${length}`,
      { fields: { axis, length, given: values.length } },
    );
  }
  return Array.from(values, (value, i) => (value ? i : -1)).filter((i) => i >= 0);
}

/** The view that integers, ranges and new axes describe. */
function cutOf(array: Expr, bound: readonly BoundPart[]): { axes: CutAxis[]; fixed: FixedAxis[] } {
  const axes: CutAxis[] = [];
  const fixed: FixedAxis[] = [];
  for (const part of bound) {
    if (part.kind === "newAxis") axes.push(repeatedAxis([1]));
    if (part.kind === "range") axes.push(rangeAxis(array, part));
    if (part.kind === "integer") {
      const offsets = offsetsOf(array.chunks[part.axis] as readonly number[]);
      const block = blockAt(offsets, part.index);
      fixed.push({ axis: part.axis, block, at: part.index - (offsets[block] as number) });
    }
  }
  return { axes, fixed };
}

function rangeAxis(array: Expr, part: Extract<BoundPart, { kind: "range" }>): CutAxis {
  const blocks = array.chunks[part.axis] as readonly number[];
  const length = sum(blocks);
  const all = part.start === 0 && part.step === 1 && Object.is(part.count, length);
  return all ? wholeAxis(blocks, part.axis) : slicedAxis(blocks, part.axis, part);
}

/**
 * Axes whose blocks have unknown lengths can only be taken whole, or by a mask with the same
 * blocks.
 */
function checkKnown(
  array: Expr,
  parts: readonly IndexPart[],
  arrays: ReadonlyMap<unknown, IndexArray>,
): void {
  const unknown = array.chunks.map((blocks) => Number.isNaN(sum(blocks)));
  if (!unknown.includes(true)) return;
  const width = (part: IndexPart): number => {
    if (part.kind === "newAxis" || part.kind === "ellipsis") return 0;
    return part.kind === "array" ? axesTaken(arrays.get(part.array)) : 1;
  };
  const taken = parts.reduce((count, part) => count + width(part), 0);
  let axis = 0;
  for (const part of parts) {
    if (part.kind === "ellipsis") axis += array.chunks.length - taken;
    const whole =
      part.kind === "slice" && part.start === null && part.stop === null && part.step === null;
    const masked = part.kind === "array" && arrays.get(part.array)?.kind === "mask";
    if (width(part) > 0 && unknown[axis] === true && !whole && !masked) {
      throw unknownChunks(`indexing axis ${axis}`, array.chunks);
    }
    axis += width(part);
  }
}
