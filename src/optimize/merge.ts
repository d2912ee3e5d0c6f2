/**
 * @file Common-subexpression elimination: layers of one name are one piece of work. Walks the
 * layers that the wanted tasks reach, keeps one of each name and sorts them so that inputs come
 * first.
 */
import { HeddleError } from "../core/errors.ts";
import type { Layer } from "../core/graph.ts";

/** The distinct layers, inputs before their consumers. */
export interface Merged {
  readonly layers: readonly Layer[];
  /** Position in `layers` of the layer that stands for `layer`. */
  indexOf(layer: Layer): number;
}

/**
 * Merges the layers that `roots` reach. A layer whose values exist already stands for all of its
 * name.
 */
export function mergeLayers(roots: Iterable<Layer>): Merged {
  const wanted = [...roots];
  const byName = pickOnePerName(wanted);
  const standIn = (layer: Layer): Layer =>
    layer.pure === false ? layer : (byName.get(layer.name) as Layer);
  const layers: Layer[] = [];
  /** -1 while a layer's inputs are being visited. */
  const position = new Map<Layer, number>();
  for (const root of wanted) visit(standIn(root), standIn, position, layers);
  return { layers, indexOf: (layer) => position.get(standIn(layer)) as number };
}

function pickOnePerName(roots: readonly Layer[]): Map<string, Layer> {
  const byName = new Map<string, Layer>();
  const seen = new Set<Layer>(roots);
  // A set iterates over what is added meanwhile: this visits all layers without recursion.
  for (const layer of seen) {
    for (const input of layer.inputs) seen.add(input);
    if (layer.pure === false) continue;
    const known = byName.get(layer.name);
    if (known === undefined || (known.held === undefined && layer.held !== undefined)) {
      byName.set(layer.name, layer);
    }
    if (known !== undefined && known.count !== layer.count) {
      throw new HeddleError(
        "InvariantViolated",
        `two layers are called ${layer.name}, one of ${known.count} tasks and one of ` +
          `${layer.count}: a layer's name must contain a token of everything it is made of`,
      );
    }
  }
  return byName;
}

/** Depth first without recursion: chains of tens of thousands of layers are normal. */
function visit(
  root: Layer,
  standIn: (layer: Layer) => Layer,
  position: Map<Layer, number>,
  sorted: Layer[],
): void {
  if (position.has(root)) return;
  const path: Layer[] = [root];
  const next: number[] = [0];
  position.set(root, -1);
  while (path.length > 0) {
    const layer = path[path.length - 1] as Layer;
    const at = next[next.length - 1] as number;
    const input = layer.inputs[at];
    if (input === undefined) {
      position.set(layer, sorted.length);
      sorted.push(layer);
      path.pop();
      next.pop();
      continue;
    }
    next[next.length - 1] = at + 1;
    const canonical = standIn(input);
    const state = position.get(canonical);
    if (state === undefined) {
      position.set(canonical, -1);
      path.push(canonical);
      next.push(0);
    } else if (state === -1) {
      throw cycle(path.slice(path.indexOf(canonical)));
    }
  }
}

function cycle(path: readonly Layer[]): HeddleError<"CycleInGraph"> {
  const names = [...path, path[0] as Layer].map((layer) => layer.name);
  return new HeddleError(
    "CycleInGraph",
    `The layers depend on each other in a circle: ${names.join(" <- ")}. A layer can only use ` +
      "layers that exist before it.",
    { fields: { keys: names } },
  );
}
