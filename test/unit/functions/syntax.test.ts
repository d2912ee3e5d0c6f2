import { parse } from "acorn";
import { describe, expect, test } from "vitest";
import { analyseScopes, type Reference } from "../../../src/functions/syntax.ts";

function scopesOf(source: string) {
  return analyseScopes(parse(source, { ecmaVersion: "latest", sourceType: "module" }));
}

/** Names used by the first function of the source that it does not declare itself. */
function freeIn(source: string): string[] {
  const { functions, references } = scopesOf(source);
  const { node } = functions[0]!;
  const isFree = ({ start, end, binding }: Reference): boolean => {
    if (start < node.start || end > node.end) return false;
    return binding === undefined || binding.scopeStart < node.start || binding.scopeEnd > node.end;
  };
  return [...new Set(references.filter(isFree).map(({ name }) => name))].sort();
}

describe("free names", () => {
  test.each([
    ["(a, b = c, { d, e: [f = g], ...h }, ...i) => a + b + d + f + h + i + j", ["c", "g", "j"]],
    ["(x) => { var y = z; { let w = y; } return w; }", ["w", "z"]],
    ["(x) => { { var late = x; } return late; }", []],
    ["() => { for (const k of list) use(k); return k; }", ["k", "list", "use"]],
    ["() => { for (let i = 0; i < n; i++) {} for (key in object); }", ["key", "n", "object"]],
    ["() => { try { a(); } catch ({ message }) { b(message); } }", ["a", "b"]],
    ["() => { try { a(); } catch { b(); } finally { c(); } }", ["a", "b", "c"]],
    ["() => { hoisted(); function hoisted() { return inner; } }", ["inner"]],
    ["function own() { return own; }", ["own"]],
    ["(function own() { return own; })", []],
    [
      "() => class A extends B { [key] = A; static s = t; #p = q; m() { return r; } }",
      ["B", "key", "q", "r", "t"],
    ],
    ["() => { outer: for (;;) { break outer; } }", []],
    [
      "() => ({ a, b: c, [d]: e, f() { return g; }, get h() { return i; } })",
      ["a", "c", "d", "e", "g", "i"],
    ],
    ["() => object.property?.deep[index].last", ["index", "object"]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text.
    ["() => tag`text ${value}`", ["tag", "value"]],
    ["() => { [a, b.c, { d: e = f }] = g; }", ["a", "b", "e", "f", "g"]],
    ["() => { x++; y += 1; delete z.w; }", ["x", "y", "z"]],
    ["() => { switch (a) { case b: let c = 1; return c; default: return d; } }", ["a", "b", "d"]],
    [
      "async () => { for await (const x of y) yieldLike(x); await import(z); }",
      ["y", "yieldLike", "z"],
    ],
    ["function* g() { yield* rest; return new.target; }", ["rest"]],
    ["() => { const { a: { b } } = c; return b; }", ["c"]],
    ["(a) => { { const a = 1; use(a); } }", ["use"]],
    ["() => typeof nobody", ["nobody"]],
    ["() => { class A {} return A; }", []],
  ])("%s", (source, names) => {
    expect(freeIn(source)).toEqual(names);
  });

  test("a variable knows how often it is assigned, a reference which property it reads", () => {
    const { top, references } = scopesOf(
      "const a = 1; let b = 2; let c; var d = 1; var d = 2; c = a; c++; ns.x; ns.y.z; ns['w'];",
    );
    const writes = Object.fromEntries([...top].map(([name, binding]) => [name, binding.writes]));
    expect(writes).toEqual({ a: 0, b: 0, c: 2, d: 1 });
    const members = references.filter(({ name }) => name === "ns").map(({ member }) => member);
    expect(members).toEqual(["x", "y", undefined]);
  });

  test("imports say from where, and under which name", () => {
    const { top } = scopesOf(
      'import d, { n, r as renamed } from "m"; import * as all from "./l.js"; import "side";',
    );
    expect([...top.values()].map(({ name, from }) => [name, from])).toEqual([
      ["d", { specifier: "m", imported: "default" }],
      ["n", { specifier: "m", imported: "n" }],
      ["renamed", { specifier: "m", imported: "r" }],
      ["all", { specifier: "./l.js", imported: "*" }],
    ]);
  });
});

describe("what belongs to a surrounding function", () => {
  /** Which uses inside the last function are provided from outside of it. */
  function borrowedBy(source: string): string[] {
    const { functions, lexical } = scopesOf(source);
    const { node } = functions.at(-1)!;
    return lexical
      .filter(({ start, owner }) => start >= node.start && start < node.end && owner < node.start)
      .map(({ what }) => what);
  }
  test.each([
    ["function f() { return () => this; }", ["this"]],
    ["function f() { return () => [arguments.length, new.target]; }", ["arguments", "new.target"]],
    ["class A { m() { return () => super.m(); } }", ["super"]],
    ["class A { field = () => this; }", ["this"]],
    ["class A { static { this.x = () => this; } }", ["this"]],
    ["const o = { m() { return this; } };", []],
    ["() => function () { return this; };", []],
    ["() => this;", ["this"]],
  ])("%s", (source, uses) => {
    expect(borrowedBy(source)).toEqual(uses);
  });
});
