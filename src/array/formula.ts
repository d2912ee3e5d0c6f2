/**
 * @file Parser of formulas: NumPy expressions with arrays in the gaps of a template, `4 *
 * mean((${x}**2 + ${y}**2) < 1)`. A precedence climber over Python's operators; what names mean is
 * given from outside.
 */
import { HeddleError, nearestName } from "../core/errors.ts";

/** A parsed formula. */
export type Formula =
  | { readonly kind: "gap"; readonly index: number }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "none" }
  | { readonly kind: "unary"; readonly op: string; readonly of: Formula }
  | {
      readonly kind: "binary";
      readonly op: string;
      readonly left: Formula;
      readonly right: Formula;
    }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly args: readonly Formula[];
      readonly named: ReadonlyMap<string, Formula>;
    }
  | { readonly kind: "transpose"; readonly of: Formula };

type Token =
  | { readonly kind: "number"; readonly value: number; readonly at: number }
  | { readonly kind: "name" | "symbol"; readonly text: string; readonly at: number }
  | { readonly kind: "gap"; readonly index: number; readonly at: number }
  | { readonly kind: "end"; readonly at: number };

/** How tightly operators bind; `**` binds tighter than a sign before it and groups to the right. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  "|": 2, "^": 3, "&": 4,
  "<": 1, "<=": 1, ">": 1, ">=": 1, "==": 1, "!=": 1,
  "<<": 5, ">>": 5,
  "+": 6, "-": 6,
  "*": 7, "/": 7, "//": 7, "%": 7, "@": 7,
}; // biome-ignore format: a table
const SIGN = 8;

const LEXEMES =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(\*\*|\/\/|<<|>>|<=|>=|==|!=|[-+*/%@<>&|^~(),=.]))/y;

/** How a gap is shown in messages. */
const GAP = "$" + "{…}";

/** Parses the strings of a template; gap `i` stands between strings `i` and `i + 1`. */
export function parseFormula(strings: readonly string[]): Formula {
  const parser = new Parser(tokenizeStrings(strings), strings.join(GAP));
  return parser.whole();
}

function tokenizeStrings(strings: readonly string[]): Token[] {
  const tokens: Token[] = [];
  let base = 0;
  strings.forEach((text, i) => {
    LEXEMES.lastIndex = 0;
    while (text.slice(LEXEMES.lastIndex).trim() !== "") {
      const start = LEXEMES.lastIndex;
      const match = LEXEMES.exec(text);
      if (match === null) {
        throw invalid(
          strings.join(GAP),
          `${JSON.stringify(text.slice(start).trim()[0])} has no meaning here`,
        );
      }
      const at = base + start;
      if (match[1] !== undefined) tokens.push({ kind: "number", value: Number(match[1]), at });
      else if (match[2] !== undefined) tokens.push({ kind: "name", text: match[2], at });
      else tokens.push({ kind: "symbol", text: match[3] as string, at });
    }
    base += text.length;
    if (i < strings.length - 1) tokens.push({ kind: "gap", index: i, at: base });
    base += 4;
  });
  tokens.push({ kind: "end", at: base });
  return tokens;
}

function invalid(formula: string, why: string): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    `the formula \`${formula.trim()}\` cannot be read: ${why}`,
    {
      fields: { formula },
    },
  );
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #text: string;
  #next = 0;

  constructor(tokens: readonly Token[], text: string) {
    this.#tokens = tokens;
    this.#text = text;
  }

  whole(): Formula {
    const formula = this.#expression(0);
    if (this.#peek().kind !== "end") throw this.#unexpected("an operator");
    return formula;
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token;
  }

  /** The text of the next token if it is a symbol or a word. */
  #word(): string {
    const token = this.#peek();
    return token.kind === "symbol" || token.kind === "name" ? token.text : "";
  }

  #take(text: string): boolean {
    if (this.#word() !== text) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#unexpected(`"${text}"`);
  }

  #unexpected(wanted: string): HeddleError {
    const token = this.#peek();
    const given =
      token.kind === "end"
        ? "the end"
        : token.kind === "gap"
          ? GAP
          : token.kind === "number"
            ? token.value
            : token.text;
    return invalid(this.#text, `${wanted} was expected, but ${given} stands there`);
  }

  #expression(least: number): Formula {
    let left = this.#signed();
    for (;;) {
      const op = this.#word();
      const power = PRECEDENCE[op];
      if (power === undefined || power < least || this.#peek().kind !== "symbol") return left;
      this.#next++;
      const right = this.#expression(power + 1);
      left = { kind: "binary", op, left, right };
      if (power === 1 && PRECEDENCE[this.#word()] === 1) {
        throw invalid(this.#text, "comparisons cannot be chained; write (a < b) & (b < c)");
      }
    }
  }

  #signed(): Formula {
    for (const op of ["-", "+", "~"]) {
      if (!this.#take(op)) continue;
      const of = this.#expression(SIGN);
      if (op === "-" && of.kind === "number") return { kind: "number", value: -of.value };
      return op === "+" ? of : { kind: "unary", op, of };
    }
    return this.#powered();
  }

  #powered(): Formula {
    const base = this.#postfix();
    if (!this.#take("**")) return base;
    return { kind: "binary", op: "**", left: base, right: this.#signed() };
  }

  #postfix(): Formula {
    let value = this.#primary();
    while (this.#take(".")) {
      if (this.#take("T")) value = { kind: "transpose", of: value };
      else {
        const name = this.#name();
        this.#expect("(");
        const { args, named } = this.#arguments();
        value = { kind: "call", name, args: [value, ...args], named };
      }
    }
    return value;
  }

  #name(): string {
    const token = this.#peek();
    if (token.kind !== "name") throw this.#unexpected("a name");
    this.#next++;
    return token.text;
  }

  #primary(): Formula {
    const token = this.#peek();
    if (token.kind === "end") throw this.#unexpected("a value");
    if (this.#take("(")) {
      const inner = this.#expression(0);
      this.#expect(")");
      return inner;
    }
    if (token.kind === "symbol") throw this.#unexpected("a value");
    this.#next++;
    if (token.kind === "number") return { kind: "number", value: token.value };
    if (token.kind === "gap") return { kind: "gap", index: token.index };
    return this.#named(token.text);
  }

  #named(name: string): Formula {
    if (this.#take("(")) return { kind: "call", name, ...this.#arguments() };
    if (/^true$/i.test(name)) return { kind: "boolean", value: true };
    if (/^false$/i.test(name)) return { kind: "boolean", value: false };
    if (name === "None" || name === "null") return { kind: "none" };
    const value = CONSTANTS[name];
    if (value !== undefined) return { kind: "number", value };
    const near = nearestName(name, Object.keys(CONSTANTS));
    throw invalid(
      this.#text,
      `"${name}" is no constant${near === undefined ? "" : ` (did you mean ${near}?)`}; ` +
        `put arrays and variables into ${GAP}, and call functions with parentheses`,
    );
  }

  #arguments(): { args: Formula[]; named: Map<string, Formula> } {
    const args: Formula[] = [];
    const named = new Map<string, Formula>();
    while (!this.#take(")")) {
      const token = this.#peek();
      const after = this.#tokens[this.#next + 1];
      if (token.kind === "name" && after?.kind === "symbol" && after.text === "=") {
        this.#next += 2;
        named.set(token.text, this.#expression(0));
      } else if (named.size > 0) throw this.#unexpected("a named argument");
      else args.push(this.#expression(0));
      if (this.#take(")")) break;
      this.#expect(",");
    }
    return { args, named };
  }
}

const CONSTANTS: Readonly<Record<string, number>> = {
  pi: Math.PI,
  e: Math.E,
  inf: Number.POSITIVE_INFINITY,
  nan: Number.NaN,
};
