/**
 * @file A graph as Graphviz source. Tasks are boxes coloured by what they run, results nothing but
 * edges: what a task makes has its task's name.
 */
import type { DotOptions, GraphView, LayerView } from "./graph-view.ts";

const TASKS_MAX = 200;

/** Muted colours that read on white; words take them in turn. */
const COLOURS = ["#cfe2f3", "#d9ead3", "#fff2cc", "#f4cccc", "#d9d2e9", "#d0e0e3", "#fce5cd"];

/** Text of the drawing. */
export function toDot(graph: GraphView, options: DotOptions): string {
  const small = graph.count <= (options.tasksMax ?? TASKS_MAX);
  const lines = small ? taskLines(graph) : layerLines(graph.layers);
  return [
    "digraph heddle {",
    `  rankdir=${options.rankdir ?? "BT"}`,
    '  node [shape=box style="rounded,filled" fontname="Helvetica" fontsize=11 fillcolor=white',
    // Room for the wider font that a reader may have instead.
    '    margin="0.22,0.06"]',
    '  edge [color="#666666" arrowsize=0.7]',
    ...lines.map((line) => `  ${line}`),
    "}",
  ].join("\n");
}

function taskLines(graph: GraphView): string[] {
  const lines: string[] = [];
  const number = new Map<string, number>();
  for (const key of graph.keys()) number.set(key, number.size);
  const outputs = new Set(graph.outputs);
  const colours = new Map<string, string>();
  for (const [key, id] of number) {
    const colour = colourOf(wordOf(key), colours);
    const bold = outputs.has(key) ? " penwidth=2" : "";
    lines.push(
      `t${id} [label=${quote(shortKey(key))} tooltip=${quote(key)} fillcolor="${colour}"${bold}]`,
    );
  }
  for (const [key, deps] of graph.toDict()) {
    for (const dep of deps) lines.push(`t${number.get(dep)} -> t${number.get(key)}`);
  }
  return lines;
}

function layerLines(layers: readonly LayerView[]): string[] {
  const number = new Map(layers.map(({ name }, i) => [name, i]));
  const colours = new Map<string, string>();
  const nodes = layers.map(({ name, kind, count, functions }, i) => {
    const what = functions.length > 3 ? [...functions.slice(0, 3), "…"] : functions;
    const tasks = count === 1 ? "1 task" : `${count} tasks`;
    const label = `${shortKey(name)}\n${kind}, ${tasks}\n${what.join(", ")}`;
    const colour = colourOf(wordOf(name), colours);
    return `l${i} [label=${quote(label)} tooltip=${quote(name)} fillcolor="${colour}"]`;
  });
  const edges = layers.flatMap(({ dependencies }, i) =>
    dependencies.map((name) => `l${number.get(name)} -> l${i}`),
  );
  return [...nodes, ...edges];
}

function colourOf(word: string, colours: Map<string, string>): string {
  const known = colours.get(word);
  if (known !== undefined) return known;
  const colour = COLOURS[colours.size % COLOURS.length] as string;
  colours.set(word, colour);
  return colour;
}

const TOKEN = /-[0-9a-f]{10,}([0-9a-f]{6})/;

/** What stands before the token of a key. */
function wordOf(key: string): string {
  return key.replace(/-[0-9a-f]{16,}.*$/, "");
}

/**
 * A key with its token cut to the last six digits, in which counted keys differ: the word is what
 * people read.
 */
export function shortKey(key: string): string {
  return key.replace(TOKEN, "-…$1");
}

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
