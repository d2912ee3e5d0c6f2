/** @file Graphs to look at: text, HTML, DOT and SVG. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { delayed, visualize } from "../../../src/delayed/index.ts";
import { GraphView } from "../../../src/diagnostics/graph-view.ts";

const inc = delayed((x: number) => x + 1, { name: "inc" });
const add = delayed((a: number, b: number) => a + b, { name: "a<d>d" });
const folder = mkdtempSync(join(tmpdir(), "heddle-graph-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("GraphView", () => {
  const below = inc.with({ key: "below" })(1);
  below.lower();
  const top = add.with({ key: "top" })(inc.with({ key: "left" })(below), below);
  const { graph } = top;

  test("lists layers with what they use", () => {
    expect(graph.count).toBe(3);
    expect(graph.layers.map(({ kind, count, functions }) => ({ kind, count, functions }))).toEqual([
      { kind: "call", count: 1, functions: ["inc"] },
      { kind: "call", count: 2, functions: ["inc", "a<d>d"] },
    ]);
    const [first, second] = graph.layers;
    expect(second?.dependencies).toContain(first?.name);
    expect(graph.dependents.get(first?.name ?? "")).toEqual([second?.name]);
    expect(graph.layer(first?.name ?? "")).toEqual(first);
    expect(() => graph.layer("delayd")).toThrow(expect.objectContaining({ code: "MissingKey" }));
  });

  test("gives keys and their dependencies", () => {
    expect(Object.fromEntries(graph.toDict())).toEqual({
      below: [],
      left: ["below"],
      top: ["left", "below"],
    });
    expect(graph.outputs).toEqual(["top"]);
    expect(() => graph.validate()).not.toThrow();
  });

  test("is culled to some of its tasks", () => {
    const part = graph.cull(["left"]);
    expect([...part.keys()].sort()).toEqual(["below", "left"]);
    expect(part.outputs).toEqual(["left"]);
    expect(() => graph.cull(["lefd"])).toThrow(/no task lefd .* Did you mean left\?/);
  });

  test("is made of several, copied, and cut down to layers", () => {
    const other = inc.with({ key: "other" })(5);
    const both = GraphView.fromCollections(top, other);
    expect(both.count).toBe(4);
    expect([...GraphView.merge(graph, other.graph).keys()]).toEqual([...both.keys()]);
    expect(graph.copy().toString()).toBe(graph.toString());
    expect([...graph.items()].map(([name]) => name)).toEqual(graph.layers.map((l) => l.name));
    expect([...graph.values()]).toEqual(graph.layers);
    const [first, second] = graph.layers;
    expect(graph.dependencies.get(second?.name ?? "")).toContain(first?.name);
    expect([...graph.cullLayers([first?.name ?? ""]).keys()]).toEqual(["below"]);
    expect(() => graph.cullLayers(["delayd"])).toThrow(/no layer delayd/);
    expect(graph.externalKeys.size).toBe(0);
  });

  test("tells counted tasks of one function apart, in the colour of the function", async () => {
    const [one, two] = [inc(1), inc(2)];
    const dot = new GraphView([one, two, add(one, two)]).toDot();
    const label = /label="(inc-….{6})" .*fillcolor="(#\w+)"/g;
    const [a, b] = [...dot.matchAll(label)].map(([, text, colour]) => ({ text, colour }));
    expect(a?.text).not.toBe(b?.text);
    expect(a?.colour).toBe(b?.colour);
    expect(new Set(dot.match(/fillcolor="#\w+"/g)).size).toBe(2);
  });

  test("is text and escaped HTML", () => {
    expect(graph.toString()).toMatch(
      /^Graph of 2 layers, 3 tasks\n 0\. delayed-\w+ {2}\(call, 1 task: inc\)/,
    );
    expect(add(inc(1), inc(2)).graph.toHTML()).toMatch(/: 1 layer, 3 tasks<[\s\S]*>itself</);
    const html = graph.toHTML();
    expect(html).toContain("a&lt;d&gt;d");
    expect(html).not.toContain("<d>");
    expect(html.match(/<tr/g)?.length).toBe(3);
  });

  test("draws a node a task, and a node a layer when there are many", () => {
    const small = graph.toDot();
    expect(small.match(/^ {2}t\d+ \[/gm)?.length).toBe(3);
    expect(small.match(/->/g)?.length).toBe(3);
    const large = new GraphView([delayed(Array.from({ length: 300 }, (_, i) => inc(i)))]);
    expect(large.toDot().match(/^ {2}l\d+ \[/gm)?.length).toBe(1);
    expect(graph.toDot({ tasksMax: 1, rankdir: "LR" })).toMatch(/rankdir=LR[\s\S]*l1 \[/);
  });

  test("counts only needed tasks", () => {
    const calls = Array.from({ length: 10 }, (_, i) => inc(i));
    delayed(calls).lower();
    const [layer] = new GraphView([calls[3] as (typeof calls)[0]]).layers;
    expect(layer).toMatchObject({ count: 1, total: 11 });
  });

  test("refuses what is no collection", () => {
    expect(() => new GraphView([1 as never])).toThrow(/not of number/);
  });
});

describe("visualize", () => {
  test("writes SVG by default, made by Graphviz", async () => {
    const { path, text, format } = await visualize(inc(1), inc(2), { filename: join(folder, "g") });
    expect(format).toBe("svg");
    expect(path).toBe(join(folder, "g.svg"));
    expect(readFileSync(path ?? "", "utf8")).toBe(text);
    expect(text.match(/<g id="node/g)?.length).toBe(2);
  });

  test("takes the format from the file's name, or as given", async () => {
    const dot = await inc(1).visualize({ filename: join(folder, "g.dot") });
    expect(dot.text).toMatch(/^digraph/);
    const named = await inc(1).visualize(join(folder, "named.dot"));
    expect(named.path).toBe(join(folder, "named.dot"));
    expect((await visualize(inc(1), join(folder, "free.dot"))).format).toBe("dot");
    const txt = await inc(1).visualize({ filename: null, format: "txt" });
    expect(txt).toEqual({ format: "txt", text: expect.stringMatching(/^Graph of 1 layer/) });
    await expect(visualize(inc(1), { filename: join(folder, "g.gif") })).rejects.toThrow(
      /svg, png, dot, html, txt/,
    );
    await expect(visualize()).rejects.toThrow(/lazy collections/);
  });

  test("draws a PNG by way of sharp, and without it names the package to install", async () => {
    const png = await inc(1).visualize({ filename: join(folder, "g.png") });
    expect(png.text).toContain("<svg");
    const bytes = readFileSync(png.path ?? "");
    expect(bytes.subarray(1, 4).toString()).toBe("PNG");
    expect(Buffer.compare(bytes, png.bytes ?? bytes.subarray(1))).toBe(0);
    vi.doMock("sharp", () => {
      throw new Error("not installed");
    });
    await expect(inc(1).visualize({ filename: null, format: "png" })).rejects.toMatchObject({
      code: "NotSupported",
      message: expect.stringContaining("npm install sharp"),
    });
    vi.doUnmock("sharp");
  });
});
