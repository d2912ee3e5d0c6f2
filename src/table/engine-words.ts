/**
 * @file The engine's commonest complaints in the words of frames: what was given, what is allowed
 * and what to do. The engine speaks of SQL's functions and types, which nobody wrote.
 */
import { dtypeOf } from "./types.ts";

/** What frames call the engine's functions, where the names differ. */
const METHODS: Readonly<Record<string, string>> = {
  avg: "mean",
  product: "prod",
  stddev_samp: "std",
  stddev_pop: "std",
  var_samp: "var",
  var_pop: "var",
  covar_samp: "cov",
  quantile_cont: "quantile",
  bool_or: "any",
  bool_and: "all",
  arg_min: "first",
  arg_max: "last",
  ln: "log",
  round_even: "round",
  date_part: "a part of dt",
  date_trunc: "dt.floor",
  last_day: "dt.daysInMonth",
  strftime: "dt.strftime",
  epoch: "dt.epoch",
  regexp_matches: "str.contains",
  regexp_extract: "str.extract",
  regexp_replace: "str.replace",
  string_split: "str.split",
  starts_with: "str.startsWith",
  ends_with: "str.endsWith",
  instr: "str.find",
  length: "str.len",
  trim: "str.strip",
  array_slice: "str.slice",
  ...Object.fromEntries(
    ["lower", "upper", "contains", "replace", "repeat", "reverse"].map((n) => [n, `str.${n}`]),
  ),
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "%": "mod",
  "||": "str.cat",
};

/** The engine's short names of types in conversions. */
const SHORT: Readonly<Record<string, string>> = { BOOL: "bool", DATE: "date" };

const HOW = 'convert it first, as in r.a.astype("float64")';

/** The complaint in other words; undefined where there are none. */
export function inOurWords(message: string): string | undefined {
  const call =
    /No function matches the given name and argument types '([^'(]+)\(([^']*)\)'/.exec(message) ??
    /candidate function for the function call "([^"(]+)\(([^"]*)\)"/.exec(message);
  if (call !== null) {
    const [, name = "", types = ""] = call;
    const method = METHODS[name] ?? name;
    return `${method} cannot take ${list(types)}: ${HOW}`;
  }
  const compared = /Cannot compare values of type (.+?) and type (.+?) - an/.exec(message);
  if (compared !== null) {
    const [, a = "", b = ""] = compared;
    return `${typeWord(a)} cannot be compared with ${typeWord(b)}: ${HOW}, or compare with a value of its type`;
  }
  const cast = /Unimplemented type for cast \((.+?) -> (.+?)\)/.exec(message);
  if (cast !== null) {
    return `${typeWord(cast[1] ?? "")} cannot become ${typeWord(cast[2] ?? "")}`;
  }
  return conversion(message);
}

function conversion(message: string): string | undefined {
  const time =
    /invalid (date|timestamp) field format: "([\s\S]*?)", expected format is \((.+?)\)/.exec(
      message,
    );
  if (time !== null) {
    const [, kind, text = "", format] = time;
    return `${quote(text)} is no ${kind}: give a Date, or text of the form ${format}`;
  }
  const text = /Could not convert string ['"]([\s\S]*?)['"] to '?(\w+(?:\([\d, ]+\))?)/.exec(
    message,
  );
  if (text !== null) {
    return (
      `${quote(text[1] ?? "")} is no ${typeWord(text[2] ?? "")}: ` +
      'take astype(…, { errors: "coerce" }) for null instead, or give values of the type'
    );
  }
  return undefined;
}

/** Types as in `(VARCHAR, INTEGER_LITERAL)`; commas within a type do not part it. */
function list(types: string): string {
  const words = types
    .split(/,\s*(?![^()]*\))/)
    .filter((type) => type !== "")
    .map(typeWord);
  return words.join(" and ") || "nothing";
}

function typeWord(type: string): string {
  const plain = type.trim().replace(/^(STRING|INTEGER)_LITERAL$/, (_, word: string) => {
    return word === "STRING" ? "VARCHAR" : "BIGINT";
  });
  return SHORT[plain] ?? dtypeOf(plain);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
