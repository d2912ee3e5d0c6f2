/** @file Formulas: precedence, names and gaps, read without any array. */
import { describe, expect, test } from "vitest";
import { type Formula, parseFormula } from "../../../src/array/formula.ts";

/** A formula written back with all parentheses. */
function full(formula: Formula): string {
  switch (formula.kind) {
    case "gap":
      return `$${formula.index}`;
    case "number":
    case "boolean":
      return String(formula.value);
    case "none":
      return "None";
    case "unary":
      return `(${formula.op}${full(formula.of)})`;
    case "binary":
      return `(${full(formula.left)} ${formula.op} ${full(formula.right)})`;
    case "transpose":
      return `${full(formula.of)}.T`;
    case "call": {
      const named = [...formula.named].map(([name, value]) => `${name}=${full(value)}`);
      return `${formula.name}(${[...formula.args.map(full), ...named].join(", ")})`;
    }
  }
}

function read(strings: TemplateStringsArray, ..._gaps: readonly unknown[]): string {
  return full(parseFormula(strings));
}

describe("Python's precedence", () => {
  test.each([
    [read`1 + 2 * 3`, "(1 + (2 * 3))"],
    [read`(1 + 2) * 3`, "((1 + 2) * 3)"],
    [read`1 - 2 - 3`, "((1 - 2) - 3)"],
    [read`2 ** 3 ** 2`, "(2 ** (3 ** 2))"],
    [read`-${0} ** 2`, "(-($0 ** 2))"],
    [read`2 ** -${0}`, "(2 ** (-$0))"],
    [read`${0} @ ${1}.T`, "($0 @ $1.T)"],
    [read`~${0} & ${1} | ${2}`, "(((~$0) & $1) | $2)"],
    [read`${0} + 1 < ${1} * 2`, "(($0 + 1) < ($1 * 2))"],
    [read`(${0} > 0) & (${0} < 1)`, "(($0 > 0) & ($1 < 1))"],
    [read`7 // 2 % 3`, "((7 // 2) % 3)"],
    [read`1 << 2 + 3`, "(1 << (2 + 3))"],
  ])("%s", (given, wanted) => {
    expect(given).toBe(wanted);
  });
});

describe("values and calls", () => {
  test.each([
    [read`1.5e-3 + .5 + 2.`, "((0.0015 + 0.5) + 2)"],
    [read`2 * pi`, `(2 * ${Math.PI})`],
    [read`mean(${0}, axis=1, keepdims=True)`, "mean($0, axis=1, keepdims=true)"],
    [read`${0}.sum(axis=None).T`, "sum($0, axis=None).T"],
    [read`where(${0} < 0, -1, +1)`, "where(($0 < 0), -1, 1)"],
    [read`maximum(${0}, ${1},)`, "maximum($0, $1)"],
  ])("%s", (given, wanted) => {
    expect(given).toBe(wanted);
  });
});

test.each([
  ["", /a value was expected, but the end/],
  ["1 +", /a value was expected, but the end/],
  ["(1", /"\)" was expected/],
  ["1 2", /an operator was expected, but 2/],
  ["a", /"a" is no constant/],
  ["pie", /did you mean pi/],
  ["1 ? 2", /"\?" has no meaning/],
  ["f(a=1, 2)", /a named argument was expected/],
  ["0 < 1 < 2", /cannot be chained/],
])("refuses %j", (text, message) => {
  expect(() => parseFormula([text])).toThrow(message);
});
