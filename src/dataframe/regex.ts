/**
 * @file JavaScript's regular expressions for the table engine, whose own (RE2) are nearly the same:
 * flags stand at the start of the pattern, groups are named by `(?P<name>`, replacements refer to
 * groups by `\1`. What RE2 cannot do, because it would need to go back, is refused when the
 * expression is made.
 */
import { HeddleError } from "../core/errors.ts";

/** Flags that say nothing here: all matches are meant, text is Unicode, positions are not asked. */
const IDLE = /[gdu]/g;

/** One piece of a pattern: an escape with what belongs to it, a special group's start, a class. */
const PIECE = /\\(?:u\{[\da-f]+\}|u[\da-f]{4}|k<[^>]*>|.)|\(\?(?:<[=!]|[=!]|<)|\[\^?\]|\[|\]/gis;

/**
 * The pattern with its flags in the engine's words. Errors: `InvalidArgument` for what is no
 * regular expression; `NotSupported` for looking ahead or behind, for references back to groups
 * and for the flags `v` and `y`.
 */
export function engineRegex(pattern: RegExp): string {
  if (!(pattern instanceof RegExp)) {
    throw new HeddleError(
      "InvalidArgument",
      `a regular expression is written /…/, as in /(\\d+)/i, not ${String(pattern)}`,
    );
  }
  const flags = pattern.flags.replace(IDLE, "");
  const odd = /[vy]/.exec(flags)?.[0];
  if (odd !== undefined) throw unsupported(pattern, `the flag ${odd}`);
  let inClass = false;
  const source = pattern.source.replace(PIECE, (piece) => {
    if (piece.startsWith("\\")) return escaped(piece, pattern, inClass);
    if (piece.startsWith("(")) return inClass ? piece : group(piece, pattern);
    if (inClass) {
      inClass = piece !== "]";
      // A bracket within a class begins a named class there, unless it is escaped.
      return piece === "[" ? "\\[" : piece;
    }
    if (piece === "[]") return "[^\\s\\S]";
    if (piece === "[^]") return "[\\s\\S]";
    inClass = piece === "[";
    return piece;
  });
  return flags === "" ? source : `(?${flags})${source}`;
}

/** JavaScript's replacement (`$1`, `$&`, `$$`, or `\1` as in Python) in the engine's words. */
export function engineReplacement(pattern: RegExp, by: string): string {
  const names = Array.from(pattern.source.matchAll(GROUPS), ([, name]) => name);
  return by.replace(/\$(?:[$&]|\d{1,2}|<[^>]*>)|\\\d?/g, (piece) => {
    if (piece === "$$") return "$";
    if (piece === "$&") return "\\0";
    if (piece === "\\") return "\\\\";
    if (piece.startsWith("\\")) return piece;
    if (piece.startsWith("$<")) {
      const at = names.indexOf(piece.slice(2, -1));
      return at < 0 ? piece : `\\${at + 1}`;
    }
    // "$10" is the tenth group where there are ten, else the first and a zero.
    const digits = piece.slice(1);
    const taken = Number(digits) <= names.length ? digits : digits.slice(0, 1);
    const n = Number(taken);
    if (n < 1 || n > Math.min(names.length, 9)) return piece;
    return `\\${n}${digits.slice(taken.length)}`;
  });
}

/** Groups that capture, with their names; escapes are passed over. */
const GROUPS = /(?<!\\)(?:\\\\)*\((?:\?<(?![=!])([^>]*)>|(?!\?))/g;

function escaped(piece: string, pattern: RegExp, inClass: boolean): string {
  if (/^\\k</.test(piece) || (!inClass && /^\\[1-9]/.test(piece))) {
    throw unsupported(pattern, "a reference back to a group");
  }
  const code = /^\\u\{?([\da-f]+)/i.exec(piece)?.[1];
  return code === undefined ? piece : `\\x{${code}}`;
}

function group(piece: string, pattern: RegExp): string {
  if (piece === "(?<") return "(?P<";
  throw unsupported(pattern, piece.includes("<") ? "looking behind" : "looking ahead");
}

function unsupported(pattern: RegExp, what: string): HeddleError {
  return new HeddleError(
    "NotSupported",
    `${pattern}: the table engine's regular expressions know no ${what.replace(/^(a|the) /, "")}: ` +
      "write the pattern without, or use mapPartitions with JavaScript's own",
    { fields: { pattern: String(pattern) } },
  );
}
