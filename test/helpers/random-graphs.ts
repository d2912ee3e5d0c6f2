/**
 * @file Random layers for property tests, and the plainest way to compute their tasks: recursion
 * over the layers as they are written, without any of the code under test.
 */
import type {
  Arg,
  Layer,
  LayerKind,
  TaskFunction,
  TaskRef,
  Template,
} from "../../src/core/graph.ts";
import { Prng } from "../../src/core/prng.ts";

/** Writes down its name and arguments, so that equal results mean equal work. */
export function traced(name: string): TaskFunction {
  return (...args: readonly unknown[]) => `${name}(${args.map(show).join(",")})`;
}

function show(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(show).join(",")}]` : String(value);
}

/**
 * A few layers on top of each other, of all kinds that fusion looks at, and some of their tasks as
 * outputs.
 */
export function randomGraph(seed: number): { outputs: TaskRef[]; layers: Layer[] } {
  const prng = new Prng(seed);
  const layers: Layer[] = [];
  const width = 1 + prng.integer(4);
  const count = 1 + prng.integer(7);
  for (let i = 0; i < count; i++) layers.push(randomLayer(prng, `layer${i}`, layers, width));
  const top = layers.at(-1) as Layer;
  const whole = Array.from({ length: top.count }, (_, index) => ({ layer: top, index }));
  const outputs: TaskRef[] = prng.chance(0.5) ? whole : [];
  if (outputs.length > 0 && prng.chance(0.7)) return { outputs, layers };
  for (let i = 0; i <= prng.integer(6); i++) {
    const layer = (prng.chance(0.6) ? layers.at(-1) : prng.pick(layers)) as Layer;
    outputs.push({ layer, index: prng.integer(layer.count) });
  }
  return { outputs, layers };
}

function randomLayer(prng: Prng, name: string, below: readonly Layer[], width: number): Layer {
  const kinds: LayerKind[] = [
    "blockwise",
    "blockwise",
    "blockwise",
    "reduction",
    "call",
    "exchange",
  ];
  const kind = prng.pick(kinds) ?? "call";
  if (below.length === 0 || prng.chance(0.2)) return makeLayer(prng, name, "source", [], width, []);
  // Mostly layers that nothing uses yet: only those can be fused.
  const unused = below.filter((layer) => !below.some(({ inputs }) => inputs.includes(layer)));
  const pool = prng.chance(0.8) && unused.length > 0 ? unused : [...below];
  const inputs = prng.shuffle(pool).slice(0, 1 + prng.integer(3));
  if (prng.chance(0.6)) {
    // One to one, or one task for each of the first tasks of every input: what fusion looks for.
    const count = prng.chance(0.8) ? Math.min(...inputs.map((input) => input.count)) : width;
    // Shifted, so that rows of producer and consumer differ.
    const shift = prng.integer(3);
    const edges = Array.from({ length: count }, (_, i) =>
      inputs.map((input, k) => startOf(inputs, k) + ((i + shift * (k + 1)) % input.count)),
    );
    return makeLayer(prng, name, kind, inputs, count, edges);
  }
  const isSelf = prng.chance(0.3);
  const total = startOf(inputs, inputs.length);
  const edges = Array.from({ length: width }, (_, i) =>
    Array.from({ length: prng.integer(4) }, () => prng.integer(total + (isSelf ? i : 0))),
  );
  return { ...makeLayer(prng, name, kind, inputs, width, edges), ...(isSelf && { self: true }) };
}

function startOf(inputs: readonly Layer[], k: number): number {
  return inputs.slice(0, k).reduce((sum, input) => sum + input.count, 0);
}

function makeLayer(
  prng: Prng,
  name: string,
  kind: LayerKind,
  inputs: readonly Layer[],
  count: number,
  edges: readonly (readonly number[])[],
): Layer {
  const depOffsets = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) {
    depOffsets[i + 1] = (depOffsets[i] as number) + (edges[i]?.length ?? 0);
  }
  const arities = new Set(edges.map((edge) => edge.length));
  const arity = arities.size === 1 ? (edges[0]?.length ?? 0) : 0;
  const templates = Array.from({ length: prng.chance(0.1) ? 2 : 1 }, (_, i) =>
    randomTemplate(prng, `${name}.${i}`, arity, edges.length > 0),
  );
  return {
    name,
    kind,
    count,
    templates,
    ...(templates.length > 1 && {
      templateOf: Uint16Array.from({ length: count }, () => prng.integer(templates.length)),
    }),
    inputs,
    depOffsets,
    deps: Int32Array.from(edges.flat()),
    columns: [
      { kind: "number", data: Float64Array.from({ length: count }, (_, i) => i / 2) },
      { kind: "value", data: Array.from({ length: count }, (_, i) => `${name}#${i}`) },
    ],
  };
}

function randomTemplate(prng: Prng, name: string, arity: number, hasDeps: boolean): Template {
  const args: Arg[] = [];
  const single = prng.integer(arity + 1);
  for (let i = 0; i < single; i++) args.push({ kind: "dep", index: i });
  if (hasDeps && (single < arity || arity === 0 || prng.chance(0.1))) {
    const start = prng.chance(0.1) ? 0 : single;
    args.push(
      prng.chance(0.5) || arity === 0
        ? { kind: "deps", start }
        : { kind: "deps", start, count: arity - start },
    );
  }
  if (prng.chance(0.5)) args.push({ kind: "column", column: prng.integer(2) });
  if (prng.chance(0.3)) args.push({ kind: "const", value: prng.integer(100) });
  if (prng.chance(0.3)) args.push({ kind: "array", items: args.splice(0, 1) });
  return {
    name,
    fn: traced(name),
    args: prng.shuffle(args),
    ...(prng.chance(0.05) && { options: { retries: prng.integer(2) } }),
  };
}

/** The value of a task, read straight off its layer. */
export function naiveValue({ layer, index }: TaskRef): unknown {
  const first = layer.depOffsets[index] as number;
  const depCount = (layer.depOffsets[index + 1] as number) - first;
  const dep = (k: number): unknown => naiveValue(resolve(layer, layer.deps[first + k] as number));
  const template = layer.templates[layer.templateOf?.[index] ?? 0] as Template;
  const read = (arg: Arg): unknown => {
    switch (arg.kind) {
      case "const":
        return arg.value;
      case "dep":
        return dep(arg.index);
      case "deps":
        return Array.from({ length: arg.count ?? depCount - arg.start }, (_, k) =>
          dep(arg.start + k),
        );
      case "column":
        return layer.columns[arg.column]?.data[index];
      case "array":
        return arg.items.map(read);
      default:
        throw new Error(`no ${arg.kind} in random graphs`);
    }
  };
  return template.fn(...template.args.map(read));
}

function resolve(layer: Layer, dep: number): TaskRef {
  let start = 0;
  for (const input of layer.inputs) {
    if (dep < start + input.count) return { layer: input, index: dep - start };
    start += input.count;
  }
  return { layer, index: dep - start };
}
