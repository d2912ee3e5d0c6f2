/**
 * @file Which built-in class an object belongs to, told by its internal slots rather than by
 * `instanceof`, so that values of another realm (a test runner's, a `vm` context's) are recognised
 * too.
 */

/** `Date` as a kind of value; the layer's ban is on reading the clock. */
// biome-ignore lint/style/noRestrictedGlobals: builds a written date, never today.
export const DateValue: DateConstructor = Date;

/** Each tries to use an internal slot that only real instances have. */
const BRANDS: Readonly<Record<string, (value: never) => unknown>> = {
  Map: (value: Map<unknown, unknown>) => getterOf(Map.prototype, "size").call(value),
  Set: (value: Set<unknown>) => getterOf(Set.prototype, "size").call(value),
  Date: (value: object) => DateValue.prototype.getTime.call(value),
  RegExp: (value: RegExp) => getterOf(RegExp.prototype, "source").call(value),
  ArrayBuffer: (value: ArrayBuffer) => getterOf(ArrayBuffer.prototype, "byteLength").call(value),
  DataView: () => true,
  Number: (value: number) => Number.prototype.valueOf.call(value),
  String: (value: string) => String.prototype.valueOf.call(value),
  Boolean: (value: boolean) => Boolean.prototype.valueOf.call(value),
  BigInt: (value: bigint) => BigInt.prototype.valueOf.call(value),
  URL: (value: { href: unknown; searchParams: unknown }) => {
    if (typeof value.href !== "string" || typeof value.searchParams !== "object") throw value;
  },
};

const TYPED_ARRAY_PROTOTYPE: object = Object.getPrototypeOf(Uint8Array.prototype);

/**
 * Name of the built-in class whose internal slots `value` has: `Map`, `Date`, `Float64Array`,
 * `Error`… (`Error` for all errors, DOMException included), or undefined. A `toStringTag` that
 * pretends is not believed.
 */
export function builtinName(value: object): string | undefined {
  if (ArrayBuffer.isView(value)) return typedArrayName(value) ?? "DataView";
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === "Error" || tag === "DOMException") return "Error";
  const brand = Object.hasOwn(BRANDS, tag) ? BRANDS[tag] : undefined;
  if (brand === undefined) return value instanceof Error ? "Error" : undefined;
  try {
    brand(value as never);
    return tag;
  } catch {
    return undefined;
  }
}

/** Name of a user's class that extends the built-in one which `value` belongs to, if it has one. */
export function userClassOver(value: object, base: string): string | undefined {
  const make: unknown = value.constructor;
  if (typeof make !== "function" || make.name === base) return undefined;
  return make.name === "" ? "unnamed class" : make.name;
}

/** Whether `prototype` is an `Object.prototype`, of this realm or of another. */
export function isPlainPrototype(prototype: object): boolean {
  if (prototype === Object.prototype) return true;
  return (
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, "isPrototypeOf") &&
    Object.hasOwn(prototype, "valueOf")
  );
}

/**
 * Makes the typed array (or buffer, or view) of this class over a copy of `bytes`; undefined for an
 * unknown class.
 */
export function viewOver(name: string, bytes: Uint8Array): object | undefined {
  // Copied because user code may keep and change it, and because many APIs refuse shared memory.
  const copy = new Uint8Array(bytes);
  if (name === "Uint8Array") return copy;
  if (name === "ArrayBuffer") return copy.buffer;
  const globals = globalThis as unknown as Record<string, unknown>;
  if (name === "Buffer") {
    const make = globals["Buffer"] as { from(buffer: ArrayBuffer): object } | undefined;
    return make?.from(copy.buffer) ?? copy;
  }
  if (
    name !== "DataView" &&
    !/^(Ui|I)nt\d+(Clamped)?Array$|^(Float|BigInt|BigUint)\d+Array$/.test(name)
  ) {
    return undefined;
  }
  const make = globals[name] as (new (buffer: ArrayBuffer) => object) | undefined;
  return make === undefined ? undefined : new make(copy.buffer);
}

function typedArrayName(value: ArrayBufferView): string | undefined {
  return getterOf(TYPED_ARRAY_PROTOTYPE, Symbol.toStringTag).call(value) as string | undefined;
}

function getterOf(prototype: object, name: PropertyKey): () => unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get ?? (() => undefined);
}
