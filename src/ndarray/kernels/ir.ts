/**
 * @file The kernel IR: one elementwise expression over broadcast inputs, and optionally one
 * reduction of its values. A kernel is plain JSON: a list of nodes in which each refers to earlier
 * ones (so shared subexpressions are computed once), with every cast explicit, so that back ends
 * know nothing of promotion. `KernelBuilder` writes it by NumPy's rules.
 */
import { Complex, isComplex } from "../../core/complex.ts";
import {
  type DType,
  dtypeOfScalar,
  isBig,
  isInteger,
  isScalar,
  kindOf,
  type Scalar,
} from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import {
  type BinaryOp,
  binarySignature,
  commonDType,
  type ReduceOp,
  reduceSignature,
  type UnaryOp,
  unarySignature,
} from "./rules.ts";
import { isNaT, isTemporal, temporalBinary } from "./temporal.ts";

/**
 * A scalar as JSON: text where JSON has no number for it (`"NaN"`, `"-Infinity"`, `"-0"`,
 * `"9223372036854775807"`).
 */
export type ScalarLiteral = number | string | boolean | readonly [ScalarLiteral, ScalarLiteral];

/**
 * One value of the expression. `arg`, `left`, … are indices of earlier nodes, which already have
 * the needed dtype.
 */
export type KernelNode =
  | { readonly kind: "input"; readonly index: number; readonly dtype: DType }
  | { readonly kind: "scalar"; readonly value: ScalarLiteral; readonly dtype: DType }
  | { readonly kind: "cast"; readonly arg: number; readonly dtype: DType }
  | { readonly kind: "unary"; readonly op: UnaryOp; readonly arg: number; readonly dtype: DType }
  | {
      readonly kind: "binary";
      readonly op: BinaryOp;
      readonly left: number;
      readonly right: number;
      readonly dtype: DType;
    }
  | {
      readonly kind: "where";
      readonly condition: number;
      readonly left: number;
      readonly right: number;
      readonly dtype: DType;
    };

/** How a kernel's values are combined over axes of the inputs' common shape. */
export interface Reduction {
  readonly op: ReduceOp;
  /** Axes to reduce, possibly negative; null means all. */
  readonly axes: readonly number[] | null;
  readonly keepdims: boolean;
  /** Of the result; the output node has the dtype that is accumulated. */
  readonly dtype: DType;
}

/** An expression to compute; JSON. */
export interface Kernel {
  /** Dtypes of the inputs, in the order in which arrays are given. */
  readonly inputs: readonly DType[];
  readonly nodes: readonly KernelNode[];
  /** Index of the node whose values are stored or reduced. */
  readonly output: number;
  readonly reduction?: Reduction;
}

/** A value under construction; belongs to the builder that made it. */
export interface Ref {
  readonly node: number;
  readonly dtype: DType;
}

/** What operations take: a value, or a scalar that adapts to the other operand. */
export type Operand = Ref | Scalar;

/** The dtype of a kernel's result. */
export function kernelDType(kernel: Kernel): DType {
  return kernel.reduction?.dtype ?? (kernel.nodes[kernel.output] as KernelNode).dtype;
}

/** A scalar in its JSON form. */
export function toLiteral(value: Scalar): ScalarLiteral {
  if (typeof value === "bigint") return String(value);
  if (isComplex(value)) return [toLiteral(value.re), toLiteral(value.im)];
  if (typeof value === "boolean") return value;
  return Number.isFinite(value) && !Object.is(value, -0) ? value : numberText(value);
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/**
 * The JavaScript value of a literal as `dtype` holds it: bigint for 64-bit integers, a Complex for
 * complex dtypes.
 */
export function fromLiteral(value: ScalarLiteral, dtype: DType): number | bigint | Complex {
  if (Array.isArray(value)) return new Complex(Number(value[0]), Number(value[1]));
  if (isBig(dtype)) return BigInt(value as number | string | boolean);
  const number = Number(value);
  return kindOf(dtype) === "c" ? new Complex(number, 0) : number;
}

/**
 * Writes kernels. Equal nodes are made once, so that equal expressions share work and have equal
 * kernels.
 *
 * @example
 * import { KernelBuilder } from "./ir.ts";
 * const k = new KernelBuilder();
 * const [x, y] = [k.input("float64"), k.input("float64")];
 * const inside = k.binary("less", k.binary("add", k.unary("square", x), k.unary("square", y)), 1);
 * const kernel = k.reduce("sum", inside);
 */
export class KernelBuilder {
  readonly #inputs: DType[] = [];
  readonly #nodes: KernelNode[] = [];
  readonly #known = new Map<string, number>();

  /** The next input array. */
  input(dtype: DType): Ref {
    const index = this.#inputs.push(dtype) - 1;
    return this.#add({ kind: "input", index, dtype });
  }

  /** A constant of a given dtype. */
  scalar(value: Scalar, dtype: DType): Ref {
    return this.#add({ kind: "scalar", value: toLiteral(value), dtype });
  }

  /**
   * The value cast to `dtype`, as `astype` does; a value that has it already is returned as it is.
   */
  cast(value: Operand, dtype: DType): Ref {
    if (!isRef(value)) return this.scalar(value, dtype);
    if (value.dtype === dtype) return value;
    return this.#add({ kind: "cast", arg: value.node, dtype });
  }

  /** A function of one value. */
  unary(op: UnaryOp, value: Operand): Ref {
    const arg = this.#strong(value);
    if (op === "isnan" && isTemporal(arg.dtype)) return isNaT(this, arg);
    const { operand, result } = unarySignature(op, arg.dtype);
    const unchanged = kindOf(operand) !== "f" && kindOf(operand) !== "c";
    if (
      op === "positive" ||
      (unchanged && ["floor", "ceil", "trunc", "conjugate", "real"].includes(op))
    ) {
      return this.cast(arg, result);
    }
    return this.#add({ kind: "unary", op, arg: this.cast(arg, operand).node, dtype: result });
  }

  /** A function of two values. */
  binary(op: BinaryOp, a: Operand, b: Operand): Ref {
    const known = op === "power" ? this.#simplePower(a, b) : undefined;
    if (known !== undefined) return known;
    if ([a, b].some((x) => isRef(x) && isTemporal(x.dtype)) && !op.startsWith("logical")) {
      return temporalBinary(this, op, this.#strong(a), this.#strong(b));
    }
    const { operand, result } = binarySignature(op, weak(a), weak(b));
    const left = this.cast(a, operand).node;
    const right = this.cast(b, operand).node;
    return this.#add({ kind: "binary", op, left, right, dtype: result });
  }

  /** `a` where the condition holds, else `b`. */
  where(condition: Operand, a: Operand, b: Operand): Ref {
    const dtype = commonDType(weak(a), weak(b));
    return this.#add({
      kind: "where",
      condition: this.cast(condition, "bool").node,
      left: this.cast(a, dtype).node,
      right: this.cast(b, dtype).node,
      dtype,
    });
  }

  /**
   * The output of another kernel without reduction, its inputs replaced by values of this builder.
   */
  inline(kernel: Kernel, args: readonly Ref[]): Ref {
    if (kernel.reduction !== undefined) {
      throw new HeddleError("InvalidArgument", "A kernel with a reduction cannot be inlined.");
    }
    const at: Ref[] = [];
    const ref = (node: number): Ref => at[node] as Ref;
    for (const node of kernel.nodes) {
      if (node.kind === "input") at.push(this.cast(args[node.index] as Ref, node.dtype));
      else if (node.kind === "scalar") at.push(this.#add(node));
      else if (node.kind === "cast" || node.kind === "unary") {
        at.push(this.#add({ ...node, arg: ref(node.arg).node }));
      } else {
        const sides = { left: ref(node.left).node, right: ref(node.right).node };
        if (node.kind === "binary") at.push(this.#add({ ...node, ...sides }));
        else at.push(this.#add({ ...node, ...sides, condition: ref(node.condition).node }));
      }
    }
    return ref(kernel.output);
  }

  /** The kernel that stores `output`. */
  build(output: Ref): Kernel {
    return { inputs: [...this.#inputs], nodes: [...this.#nodes], output: output.node };
  }

  /**
   * The kernel that reduces `value`; `axes` default all, `keepdims` default false, `dtype` as NumPy
   * chooses.
   */
  reduce(
    op: ReduceOp,
    value: Ref,
    options: { axes?: readonly number[] | null; keepdims?: boolean; dtype?: DType } = {},
  ): Kernel {
    const { operand, result } = reduceSignature(op, value.dtype, options.dtype);
    const { axes = null, keepdims = false } = options;
    const output = this.cast(value, operand);
    return { ...this.build(output), reduction: { op, axes, keepdims, dtype: result } };
  }

  #strong(value: Operand): Ref {
    return isRef(value) ? value : this.scalar(value, dtypeOfScalar(value, "int64"));
  }

  /** Powers that NumPy computes exactly by other means, and those that integers do not have. */
  #simplePower(base: Operand, exponent: Operand): Ref | undefined {
    if (!isRef(base) || typeof exponent !== "number") return undefined;
    if (isInteger(base.dtype) || base.dtype === "bool") {
      if (exponent < 0 && Number.isInteger(exponent)) {
        throw new HeddleError(
          "InvalidArgument",
          `Integers to the negative power ${exponent} are not integers. ` +
            'Use astype("float64") on the array first.',
        );
      }
      return exponent === 2 ? this.unary("square", base) : undefined;
    }
    if (exponent === 1) return base;
    if (exponent === 2) return this.unary("square", base);
    if (exponent === -1) return this.unary("reciprocal", base);
    if (exponent === 0.5) return this.unary("sqrt", base);
    return kindOf(base.dtype) === "f" ? this.#productPower(base, exponent) : undefined;
  }

  /** Powers of two roundings at most, which a product gives as exactly and at once. */
  #productPower(base: Ref, exponent: number): Ref | undefined {
    if (exponent === 3) return this.binary("multiply", this.unary("square", base), base);
    if (exponent !== 1.5) return undefined;
    const product = this.binary("multiply", base, this.unary("sqrt", base));
    // The root of -Infinity is NaN, its power is not.
    const end = this.binary("equal", base, Number.NEGATIVE_INFINITY);
    return this.where(end, Number.POSITIVE_INFINITY, product);
  }

  #add(node: KernelNode): Ref {
    const key = JSON.stringify(node);
    let index = this.#known.get(key);
    if (index === undefined) {
      index = this.#nodes.push(node) - 1;
      this.#known.set(key, index);
    }
    return { node: index, dtype: node.dtype };
  }
}

/** Whether an operand is a value of a builder. */
export function isRef(value: Operand): value is Ref {
  return typeof value === "object" && "node" in value;
}

/** An operand as the dtype rules take it. */
function weak(value: Operand): DType | Scalar {
  if (isRef(value)) return value.dtype;
  if (isScalar(value)) return value;
  throw new HeddleError("InvalidArgument", `Not an array or a number: ${String(value)}.`);
}
