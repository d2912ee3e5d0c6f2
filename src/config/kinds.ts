/**
 * @file The kinds of configuration values: each turns what stands in a file, in an environment
 * variable or in a call of `config.set` into one typed value, or says what it wants instead. A kind
 * accepts its own results, so a value that was read can be set again.
 */
import { formatBytes, parseBytes, parseTimedelta } from "../core/units.ts";

/** A kind of value: how to read it and how to describe it ("a size in bytes, such as ..."). */
export interface Kind<T> {
  readonly expects: string;
  /** The value, or undefined when `raw` is none of this kind. */
  parse(raw: unknown): T | undefined;
  /** A value as people write it. */
  format(value: T): string;
}

/** How a value is written where a kind has no units: texts as they are, the rest as JSON. */
function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function toNumber(raw: unknown): number | undefined {
  if (typeof raw === "number") return Number.isNaN(raw) ? undefined : raw;
  if (typeof raw !== "string" || raw.trim() === "") return undefined;
  const value = Number(raw.replaceAll("_", ""));
  return Number.isNaN(value) ? undefined : value;
}

/** A size; bare numbers are bytes. */
export const bytes: Kind<number> = {
  expects: 'a size in bytes, such as "128 MiB", "5 GB" or 1e6',
  parse: (raw) =>
    typeof raw === "string" || typeof raw === "number" ? attempt(() => parseBytes(raw)) : undefined,
  format: formatBytes,
};

const SPANS: readonly (readonly [string, number])[] = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
];

/** A span of time, kept in milliseconds. */
export const duration: Kind<number> = {
  expects: 'a span of time, such as "500ms", "10s" or "1h", or a number of milliseconds',
  parse: (raw) => {
    if (typeof raw !== "string" && typeof raw !== "number") return undefined;
    const ms = attempt(() => parseTimedelta(raw, "ms"));
    return ms !== undefined && ms >= 0 && Number.isFinite(ms) ? ms : undefined;
  },
  format: (ms) => {
    const [unit, size] = SPANS.find(([, span]) => ms > 0 && ms % span === 0) ?? ["ms", 1];
    return `${ms / size}${unit}`;
  },
};

export const boolean: Kind<boolean> = {
  expects: "true or false",
  parse: (raw) => {
    if (typeof raw === "boolean") return raw;
    const text = typeof raw === "string" || typeof raw === "number" ? String(raw) : "";
    if (/^(true|yes|on|1)$/i.test(text)) return true;
    return /^(false|no|off|0)$/i.test(text) ? false : undefined;
  },
  format: plain,
};

export const text: Kind<string> = {
  expects: "a text",
  parse: (raw) => (typeof raw === "string" ? raw : undefined),
  format: plain,
};

/** A text; numbers are their digits: walltimes and names of queues may look like numbers. */
export const words: Kind<string> = {
  expects: "a text",
  parse: (raw) => {
    if (typeof raw === "string") return raw;
    return typeof raw === "number" && Number.isFinite(raw) ? String(raw) : undefined;
  },
  format: plain,
};

/** Whole lines: a list of texts, or one text with a line for each, which may have commas. */
export const lines: Kind<readonly string[]> = {
  expects: 'a list of texts, such as ["module load gcc"], or one text with a line for each',
  parse: (raw) => {
    if (Array.isArray(raw)) return raw.every((item) => typeof item === "string") ? raw : undefined;
    if (typeof raw !== "string") return undefined;
    if (raw.trimStart().startsWith("[")) return lines.parse(attempt(() => JSON.parse(raw)));
    return raw.split("\n").filter((line) => line.trim() !== "");
  },
  format: plain,
};

/** A text, a number, true, false or null, as they are. */
export const scalar: Kind<string | number | boolean | null> = {
  expects: "a text, a number, true, false or null",
  parse: (raw) =>
    raw === null || ["string", "number", "boolean"].includes(typeof raw)
      ? (raw as string | number | boolean | null)
      : undefined,
  format: (value) => plain(value),
};

/** Texts: a list, or one text with commas. */
export const texts: Kind<readonly string[]> = {
  expects: 'a list of texts, such as ["a", "b"] or "a,b"',
  parse: (raw) => {
    if (Array.isArray(raw)) return raw.every((item) => typeof item === "string") ? raw : undefined;
    if (typeof raw !== "string") return undefined;
    return raw
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
  },
  format: plain,
};

/** A number from `least` on. */
export function numberFrom(least: number): Kind<number> {
  return {
    expects: `a number, at least ${least}`,
    parse: (raw) => {
      const value = toNumber(raw);
      return value !== undefined && value >= least ? value : undefined;
    },
    format: plain,
  };
}

/** A share of something, or false for none. */
export const share: Kind<number | false> = {
  expects: "a share above 0 and up to 1, such as 0.7, or false",
  parse: (raw) => {
    if (raw === false || raw === "false") return false;
    const value = toNumber(raw);
    return value !== undefined && value > 0 && value <= 1 ? value : undefined;
  },
  format: plain,
};

/** A share of something. */
export const shareOfOne: Kind<number> = {
  expects: "a share above 0 and up to 1, such as 0.95",
  parse: (raw) => share.parse(raw) || undefined,
  format: plain,
};

/** A whole number from `least` on. */
export function integerFrom(least: number): Kind<number> {
  return {
    expects: `a whole number, at least ${least}`,
    parse: (raw) => {
      const value = toNumber(raw);
      return value !== undefined && Number.isSafeInteger(value) && value >= least
        ? value
        : undefined;
    },
    format: plain,
  };
}

/** One of a closed list of words. */
export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  return {
    expects: words.map((word) => `"${word}"`).join(" or "),
    parse: (raw) => words.find((word) => word === raw),
    format: plain,
  };
}

/** The kind, or the word "auto": Heddle decides. */
export function auto<T>(kind: Kind<T>): Kind<T | "auto"> {
  return {
    expects: `"auto", or ${kind.expects}`,
    parse: (raw) => (raw === "auto" ? "auto" : kind.parse(raw)),
    format: (value) => (value === "auto" ? "auto" : kind.format(value as T)),
  };
}

/** The first kind, or else the second. */
export function either<A, B>(first: Kind<A>, second: Kind<B>): Kind<A | B> {
  return {
    expects: `${first.expects}, or ${second.expects}`,
    parse: (raw) => first.parse(raw) ?? second.parse(raw),
    format: plain,
  };
}

/** The kind, or null for "none". */
export function nullable<T>(kind: Kind<T>): Kind<T | null> {
  return {
    expects: `${kind.expects}, or null`,
    parse: (raw) => {
      if (raw === null || raw === "null" || raw === "none" || raw === "") return null;
      return kind.parse(raw);
    },
    format: (value) => (value === null ? "null" : kind.format(value)),
  };
}

/** Named values: an object, or a text such as "GPU=2 MEM=10e9". */
export function named<T>(kind: Kind<T>): Kind<Readonly<Record<string, T>>> {
  return {
    expects: `names with values, such as {a: 1} or "a=1 b=2", each ${kind.expects}`,
    parse: (raw) => {
      const pairs = namedPairs(raw);
      const result: Record<string, T> = {};
      for (const [name, value] of pairs ?? []) {
        const parsed = kind.parse(value);
        if (parsed === undefined || name === "") return undefined;
        result[name] = parsed;
      }
      return pairs === undefined ? undefined : result;
    },
    format: (value) => {
      const pairs = Object.entries(value).map(([name, item]) => `${name}=${kind.format(item)}`);
      return pairs.length === 0 ? "{}" : pairs.join(" ");
    },
  };
}

function namedPairs(raw: unknown): [string, unknown][] | undefined {
  if (typeof raw === "object" && raw !== null && !Array.isArray(raw)) return Object.entries(raw);
  if (typeof raw !== "string") return undefined;
  const words = raw.split(/[\s,]+/).filter((word) => word !== "");
  return words.map((word) => {
    const at = word.indexOf("=");
    return at < 0 ? ["", undefined] : [word.slice(0, at), word.slice(at + 1)];
  });
}
