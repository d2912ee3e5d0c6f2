/**
 * @file Functions over generated webs of captures: objects and closures that hold each other in any
 * way come back as a web of the same form, in which every function gives what the original gives.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeFunction, encodeFunction } from "../../src/functions/index.ts";

interface Node {
  readonly id: number;
  readonly links: (Node | (() => Node))[];
  /** A closure over this node and a variable. */
  readonly weigh: () => number;
}

/** One node for each entry; entries name the nodes they link to, odd ones through a closure. */
function webOf(edges: readonly (readonly number[])[]): Node {
  const nodes: Node[] = edges.map((_, id) => {
    let weight = id * 10;
    weight += 1;
    const node: Node = { id, links: [], weigh: () => weight + node.links.length };
    return node;
  });
  for (const [from, targets] of edges.entries()) {
    for (const to of targets) {
      const target = nodes[to] as Node;
      (nodes[from] as Node).links.push(to % 2 === 0 ? target : () => target);
    }
  }
  return nodes[0] as Node;
}

/**
 * What can be seen by walking a web: ids, weights, and where each link leads, by order of visit.
 */
function describeWeb(root: Node): unknown[] {
  const numbers = new Map<Node, number>([[root, 0]]);
  const seen: unknown[] = [];
  for (const node of numbers.keys()) {
    const links = node.links.map((link) => {
      const target = typeof link === "function" ? link() : link;
      if (!numbers.has(target)) numbers.set(target, numbers.size);
      return [typeof link, numbers.get(target)];
    });
    seen.push([node.id, node.weigh(), links]);
  }
  return seen;
}

test("webs of objects and closures keep their form", async () => {
  const edges = fc.array(fc.array(fc.nat({ max: 5 }), { maxLength: 3 }), {
    minLength: 6,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(edges, async (links) => {
      const root = webOf(links);
      const image = structuredClone(encodeFunction(() => root));
      const copy = (await decodeFunction(image)) as unknown as () => Node;
      expect(copy()).not.toBe(root);
      expect(describeWeb(copy())).toEqual(describeWeb(root));
      expect(encodeFunction(() => root).token).toBe(image.token);
    }),
    { numRuns: 40 },
  );
});
