/** @file The value format under generated values and generated damage. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeValue, encodeValue } from "../../src/codec/index.ts";
import { isHeddleError } from "../../src/core/errors.ts";

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
});

function bytesOf(value: unknown): Uint8Array {
  const encoded = encodeValue(value);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  return bytes;
}

test("every value that the structured clone knows comes back equal", () => {
  fc.assert(
    fc.property(anything, (value) => {
      expect(decodeValue(bytesOf(value))).toStrictEqual(value);
    }),
    { numRuns: 500 },
  );
});

test("parts that are the same object stay the same object, wherever they stand", () => {
  const graph = fc.array(fc.array(fc.nat({ max: 7 }), { maxLength: 4 }), {
    minLength: 8,
    maxLength: 8,
  });
  fc.assert(
    fc.property(graph, fc.infiniteStream(fc.nat({ max: 3 })), (edges, shapes) => {
      const nodes = edges.map((_, id) => makeNode(id, shapes.next().value as number));
      for (const [from, targets] of edges.entries()) {
        for (const to of targets) addEdge(nodes[from]!, nodes[to]!);
      }
      const back = decodeValue(bytesOf(nodes)) as GraphNode[];
      const numbers = new Map(back.map((node, id) => [node, id]));
      for (const [from, targets] of edges.entries()) {
        const expected = back[from] instanceof Set ? [...new Set(targets)] : targets;
        expect(partsOf(back[from]!).map((part) => numbers.get(part))).toEqual(expected);
      }
    }),
    { numRuns: 200 },
  );
});

test("truncated and overwritten bytes give a typed error or a value, never anything else", () => {
  const change = fc.record({
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    to: fc.nat({ max: 255 }),
  });
  fc.assert(
    fc.property(
      anything,
      fc.array(change, { maxLength: 3 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (value, changes, keep) => {
        const bytes = bytesOf(value);
        for (const { at, to } of changes) bytes[Math.floor(at * bytes.length)] = to;
        const cut = bytes.slice(0, Math.ceil(keep * bytes.length));
        try {
          decodeValue(cut);
        } catch (error) {
          expect(isHeddleError(error, "ValueCorrupt") || isHeddleError(error, "NotSupported")).toBe(
            true,
          );
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("every shorter prefix of a value is refused as corrupt", () => {
  const bytes = bytesOf({ a: [1, 2, new Uint8Array(5)], m: new Map([[1, 2]]) });
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeValue(bytes.slice(0, length))).toThrow(
      expect.objectContaining({ code: "ValueCorrupt" }),
    );
  }
});

type GraphNode = unknown[] | Set<unknown> | Map<unknown, unknown> | { parts: unknown[] };

function makeNode(_id: number, shape: number): GraphNode {
  return [[], new Set(), new Map(), { parts: [] }][shape] as GraphNode;
}

function addEdge(from: GraphNode, to: GraphNode): void {
  if (Array.isArray(from)) from.push(to);
  else if (from instanceof Set) from.add(to);
  else if (from instanceof Map) from.set(from.size, to);
  else from.parts.push(to);
}

function partsOf(node: GraphNode): GraphNode[] {
  if (Array.isArray(node)) return node as GraphNode[];
  if (node instanceof Set || node instanceof Map) return [...node.values()] as GraphNode[];
  return node.parts as GraphNode[];
}
