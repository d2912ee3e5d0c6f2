/**
 * @file Functions in and out in one process. The test runner transforms modules (`import` becomes a
 * property of an object of its own), so that these are also the tests of running inside vitest.
 */
import path, { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { decodeValue, encodeValue, prepareValue } from "../../../src/codec/index.ts";
import { isHeddleError } from "../../../src/core/errors.ts";
import { tokenize } from "../../../src/core/token.ts";
import {
  decodeFunction,
  decodeTaskError,
  encodeFunction,
  encodeTaskError,
  referTo,
} from "../../../src/functions/index.ts";
import * as helper from "../../fixtures/functions/program/helper.ts";
import { makeAdder, Point, scaled, settings } from "../../fixtures/functions/program/helper.ts";

type Fn = (...args: never[]) => unknown;

async function copyOf<F extends Fn>(fn: F): Promise<F> {
  return (await decodeFunction(structuredClone(encodeFunction(fn)))) as unknown as F;
}

async function valueCopy<T>(value: T): Promise<T> {
  const encoded = encodeValue(value);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  await prepareValue(bytes);
  return decodeValue(bytes) as T;
}

let counter = 0;
const settled = { n: 1 };
beforeEach(() => {
  counter = 0;
  settled.n = 1;
});

describe("inside a test runner", () => {
  test("stacks show a copy under the name that the original has", async () => {
    const deep = (): string => String(new Error("here").stack?.split("\n")[1]);
    const copy = await copyOf(deep);
    expect(copy()).toMatch(/at (Object\.)?deep \(/);
    expect(
      (
        await copyOf(
          (
            () => () =>
              1
          )(),
        )
      ).name,
    ).toBe("");
  });

  test("imports of Node's modules, of functions, values and classes of other modules", async () => {
    const fn = (x: number) => [
      scaled(x) + settings.scale,
      join("a", "b"),
      path.sep,
      new Point(2).twice().x,
      makeAdder(3)(x),
      helper.halved(x),
    ];
    const copy = await copyOf(fn);
    expect(copy).not.toBe(fn);
    expect(copy(2)).toEqual(fn(2));
  });

  test("a method that its object keeps bound to itself", async () => {
    class Counter {
      n = 4;
      next = this.more.bind(this, 2);
      more(by: number): number {
        this.n += by;
        return this.n;
      }
      again(): number {
        return this.next();
      }
    }
    const counter = new Counter();
    const copy = await copyOf(counter.next);
    expect([copy(), copy(), counter.n]).toEqual([6, 8, 4]);
    expect(copy.name).toBe("bound more");
    const whole = await valueCopy(counter);
    expect([whole.next(), whole.again(), whole.n]).toEqual([6, 8, 8]);
    expect((await valueCopy([counter.next]))[0]?.()).toBe(6);
  });

  test("a module as a whole travels by what it exports", async () => {
    const fn = () => [Object.keys(helper), helper.settings.scale];
    expect((await copyOf(fn))()).toEqual(fn());
  });
});

describe("snapshots and tokens", () => {
  test("captured variables are those at submit", async () => {
    const fn = () => counter;
    counter = 1;
    const image = encodeFunction(fn);
    counter = 2;
    expect((await decodeFunction(image))()).toBe(1);
    expect((await copyOf(fn))()).toBe(2);
  });

  test("a changed variable or object changes the token, and back again", () => {
    const fn = () => counter + settled.n;
    const tokens = [encodeFunction(fn).token];
    counter = 5;
    tokens.push(encodeFunction(fn).token);
    counter = 0;
    settled.n = 2;
    tokens.push(encodeFunction(fn).token);
    settled.n = 1;
    tokens.push(encodeFunction(fn).token);
    expect(tokens.map((token) => tokens.indexOf(token))).toEqual([0, 1, 2, 0]);
  });

  test("a variable that is not initialised yet is refused by name", async () => {
    const failures: (() => void)[] = [
      () => encodeFunction(() => number + 1),
      () => encodeFunction(() => new Later()),
      () => encodeFunction(() => list.length),
      () => encodeFunction(() => arrow()),
    ];
    const message = /the variable "(number|Later|list|arrow)", which has no value yet/;
    for (const encode of failures) expect(encode).toThrow(message);
    const early = () => old;
    const unset = () => nothing;
    const images = [encodeFunction(early), encodeFunction(unset)];
    const number = Number("1") * 2;
    class Later {}
    const list = [1];
    const arrow = (): number => 1;
    var old = 5;
    const nothing = undefined;
    for (const encode of failures) expect(encode).not.toThrow();
    for (const image of images) expect((await decodeFunction(image))()).toBeUndefined();
  });

  test("content tokens of values count what functions capture", () => {
    const fn = () => counter;
    const before = tokenize({ fn });
    counter = 9;
    expect(tokenize({ fn })).not.toBe(before);
  });

  test("functions with nothing that can change are pictured once", () => {
    const limit = 5;
    const inner = (x: number) => x < limit;
    const fn = (x: number) => inner(x);
    expect(encodeFunction(fn)).toBe(encodeFunction(fn));
    const changing = () => counter;
    expect(encodeFunction(changing)).not.toBe(encodeFunction(changing));
  });

  test("a captured typed array is a copy of its present content", async () => {
    const data = new Float64Array([1, 2]);
    const image = encodeFunction(() => data[0]);
    data[0] = 9;
    expect((await decodeFunction(image))()).toBe(1);
    expect(encodeFunction(() => data[0]).token).not.toBe(image.token);
  });
});

describe("identity", () => {
  test("functions in one value share what they capture", async () => {
    const box = { n: 0 };
    const value = { box, up: () => ++box.n, read: () => box.n };
    const copy = await valueCopy(value);
    copy.up();
    copy.up();
    expect([copy.read(), copy.box.n, box.n]).toEqual([2, 2, 0]);
  });

  test("a function that holds itself, and two that hold each other", async () => {
    const self: Record<string, unknown> = {};
    self["fn"] = () => self;
    const copy = await valueCopy(self);
    expect((copy["fn"] as () => unknown)()).toBe(copy);
    const ping = (n: number): number => (n === 0 ? 0 : pong(n - 1) + 1);
    const pong = (n: number): number => (n === 0 ? 0 : ping(n - 1) + 1);
    expect((await copyOf(ping))(5)).toBe(5);
  });

  test("decoding an image twice gives one function", async () => {
    const image = encodeFunction((x: number) => x + 1);
    expect(await decodeFunction(image)).toBe(await decodeFunction(structuredClone(image)));
  });

  test("an instance comes home to its class, with its functions and fields", async () => {
    class Shape {
      static unit = "cm";
      sides = new Map([["a", 2]]);
      area = (): number => 4;
      sum(): number {
        return [...this.sides.values()].reduce((a, b) => a + b, 0);
      }
    }
    const shape = { sides: new Map([["b", 5]]), __proto__: Shape.prototype } as unknown as Shape;
    const copy = await valueCopy(shape);
    expect(copy).toBeInstanceOf(Shape);
    expect(copy.sum()).toBe(5);
    const copied = (await copyOf(Shape as never)) as unknown as typeof Shape;
    expect(copied).not.toBe(Shape);
    expect([copied.unit, copied.name, new copied().sum()]).toEqual(["cm", "Shape", 2]);
  });

  test("class fields that are arrow functions of this are refused, with the way to it", () => {
    class Handler {
      on = (): unknown => this;
    }
    const handler = new Handler();
    expect(() => encodeFunction(() => handler)).toThrow(/variable "handler"\.on .*`this`/);
  });
});

describe("references", () => {
  test("a declared export goes by name, without a look at it", async () => {
    const url = new URL("../../fixtures/functions/plain.mjs", import.meta.url).href;
    const { triple } = (await import(url)) as {
      triple(x: number): number;
    };
    const image = encodeFunction(referTo(url, "triple", triple));
    expect(image.body).not.toContain("* 3");
    expect((await decodeFunction(image))(2)).toBe(6);
  });

  test("an export that is not there says so", async () => {
    const url = new URL("../../fixtures/functions/plain.mjs", import.meta.url).href;
    const image = encodeFunction(referTo(url, "missing", () => 1));
    await expect(decodeFunction(image)).rejects.toThrow(/"missing".*does not export it/);
  });

  test("a module that is not there says so, and may be there later", async () => {
    const image = encodeFunction(referTo("node:heddle-has-no-such", "x", () => 1));
    await expect(decodeFunction(image)).rejects.toMatchObject({ code: "NotSupported" });
    await expect(decodeFunction(image)).rejects.toMatchObject({ code: "NotSupported" });
  });
});

describe("errors of tasks", () => {
  class Unsendable extends Error {
    #secret = 1;
    held = new WeakMap();
    reveal(): number {
      return this.#secret;
    }
  }

  test("class, message, cause, fields and both stacks", async () => {
    class Denied extends TypeError {
      status = 403;
    }
    const error = new Denied("no", { cause: new RangeError("why") });
    const local = new Error().stack;
    const back = (await decodeTaskError(encodeTaskError(error), local)) as Denied;
    expect(back).toBeInstanceOf(Denied);
    expect([back.message, back.status, (back.cause as Error).message]).toEqual(["no", 403, "why"]);
    expect(back.stack).toMatch(/^TypeError: no\n +at /);
    expect(back.stack?.split("--- submitted from ---")).toHaveLength(2);
  });

  test.each([
    ["a string", "text"],
    ["undefined", undefined],
    ["a plain object", { code: 1 }],
  ])("%s may be thrown as well", async (_, thrown) => {
    expect(await decodeTaskError(encodeTaskError(thrown), "stack")).toEqual(thrown);
  });

  test("what cannot be sent arrives as an error all the same", async () => {
    const back = (await decodeTaskError(encodeTaskError(new Unsendable("kept")))) as Error;
    expect(back).toBeInstanceOf(Error);
    expect(back.message).toBe("kept");
    const other = (await decodeTaskError(encodeTaskError(Promise.resolve(1)))) as Error;
    expect(other.message).toContain("Promise { 1 }");
    const hostile = Object.defineProperty(new Error("x"), "message", {
      get: () => {
        throw new TypeError("from the getter");
      },
    });
    expect(await decodeTaskError(encodeTaskError(hostile))).toBeInstanceOf(Error);
  });
});

test("a lazy collection of a class that is not registered is an argument, never a capture", () => {
  const lazy = { [Symbol.for("heddle.collection")]: true, lower: () => ({ outputs: [] }) };
  try {
    encodeFunction(() => lazy);
    expect.unreachable();
  } catch (error) {
    expect(isHeddleError(error, "NotSerializable") && error.message).toContain(
      "Pass it as an argument",
    );
  }
});
