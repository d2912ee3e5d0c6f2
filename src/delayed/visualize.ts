/**
 * @file `visualize`: the graph of collections as a drawing in a file.
 */
import { writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { type Collection, isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { type DotOptions, GraphView } from "../diagnostics/graph-view.ts";
import { toPng } from "../diagnostics/plot/png.ts";

/** Forms that a drawing can have. */
export type DrawingFormat = "svg" | "png" | "dot" | "html" | "txt";

/** What to draw, and where to. */
export interface VisualizeOptions extends DotOptions {
  /** File to write; `null` writes none. Default "heddle-graph", with the format's extension. */
  readonly filename?: string | null;
  /** Default: as the file's extension says, else "svg"; "png" needs the package `sharp`. */
  readonly format?: DrawingFormat;
  /** Draws what remains after fusion; default false. */
  readonly optimize?: boolean;
}

/** A drawing. */
export interface Drawing {
  readonly format: DrawingFormat;
  /** The drawing itself; of a PNG, the SVG that it was made of. */
  readonly text: string;
  /** The picture, with format "png". */
  readonly bytes?: Uint8Array;
  /** Where it was written; absent with `filename: null`. */
  readonly path?: string;
}

const FORMATS: readonly DrawingFormat[] = ["svg", "png", "dot", "html", "txt"];

/**
 * Draws what would run for the collections: a node a task, or, above 200 tasks, a node a layer.
 * Options, or the file's name alone, come last.
 *
 * Errors: `NotSupported` for "png" when the package `sharp` is not installed.
 *
 * @example
 * import { delayed, visualize } from "heddle";
 * const total = delayed(Math.max, { name: "max" })(1, 2);
 * const { text } = await visualize(total, { filename: null, format: "svg" });
 * console.log(text.includes("<svg")); // true
 */
export async function visualize(
  ...given: readonly (Collection | VisualizeOptions | string)[]
): Promise<Drawing> {
  const last = given.at(-1);
  const options = optionsFrom(isCollection(last) ? undefined : last);
  const collections = given.filter((one): one is Collection => isCollection(one));
  const isOther = last !== undefined && !isCollection(last);
  if (collections.length < given.length - (isOther ? 1 : 0) || collections.length === 0) {
    throw new HeddleError(
      "InvalidArgument",
      "visualize takes lazy collections (arrays, frames, bags, delayed values), and options last",
    );
  }
  const format = formatOf(options);
  const graph = new GraphView(collections, { optimize: options.optimize ?? false });
  const text = await draw(graph, format, options);
  const bytes = format === "png" ? await toPng(text) : undefined;
  const drawing: Drawing = { format, text, ...(bytes && { bytes }) };
  if (options.filename === null) return drawing;
  const name = options.filename ?? "heddle-graph";
  const path = extname(name) === `.${format}` ? name : `${name}.${format}`;
  await writeFile(path, bytes ?? text);
  return { ...drawing, path };
}

function optionsFrom(given: VisualizeOptions | string | undefined): VisualizeOptions {
  return typeof given === "string" ? { filename: given } : (given ?? {});
}

function formatOf({ format, filename }: VisualizeOptions): DrawingFormat {
  const wanted = format ?? (filename ? extname(filename).slice(1) : "");
  if (wanted === "" && format === undefined) return "svg";
  const known = FORMATS.find((one) => one === wanted);
  if (known !== undefined) return known;
  throw new HeddleError(
    "InvalidArgument",
    `Cannot draw a graph as "${wanted}"; the formats are ${FORMATS.join(", ")}.`,
  );
}

async function draw(graph: GraphView, format: DrawingFormat, options: DotOptions): Promise<string> {
  switch (format) {
    case "svg":
    case "png":
      return await graph.toSvg(options);
    case "dot":
      return graph.toDot(options);
    case "html":
      return graph.toHTML();
    case "txt":
      return graph.toString();
  }
}
