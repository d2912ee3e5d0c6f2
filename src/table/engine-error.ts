/**
 * @file The table engine's errors as Heddle's: the engine says `Binder Error: …`, `Conversion
 * Error: …`; the code is chosen by that class and, where one class covers several cases, by the
 * text. The engine's own message is kept in the fields.
 */
import { type ErrorCode, HeddleError } from "../core/errors.ts";
import { inOurWords } from "./engine-words.ts";

interface Rule {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  /** What to do, added to the message. */
  readonly advice?: string;
}

/** First match wins. */
const RULES: readonly Rule[] = [
  { pattern: /^INTERRUPT Error/, code: "Cancelled" },
  {
    pattern: /^Out of Memory Error.*(max_temp_directory_size|temp_directory)/s,
    code: "SpillFailed",
    advice: "give the engine more disk (dataframe.maxTempBytes) or a smaller query",
  },
  {
    pattern: /^Out of Memory Error/,
    code: "MemoryLimit",
    advice:
      "lists and joined strings of whole groups cannot leave memory: aggregate in parts, " +
      "or raise the memory limit",
  },
  { pattern: /No files found that match|No such file|Cannot open file/, code: "FileNotFound" },
  {
    pattern: /No magic bytes|too small to be a Parquet|TProtocol|footer|not a Parquet file/i,
    code: "FileInvalid",
  },
  {
    pattern: /CSV Error.*(converting column|Could not convert)/s,
    code: "FileInvalid",
    advice: 'name the column\'s type, as in readCsv(path, { schema: { zip: "string" } })',
  },
  {
    pattern: /sniffing file/,
    code: "FileInvalid",
    advice:
      "rows have different numbers of values, a quote is not closed, or the separator is another: " +
      "name it by sep, " +
      "and leave lines above the names out by skiprows",
  },
  {
    pattern: /not utf-8 encoded/,
    code: "FileInvalid",
    advice: 'name the encoding, as in readCsv(path, { encoding: "latin-1" })',
  },
  { pattern: /CSV Error|read_csv/i, code: "FileInvalid" },
  {
    pattern: /schema mismatch in glob/,
    code: "FileInvalid",
    advice: "read the files apart and put them together with concat([a, b])",
  },
  { pattern: /Malformed JSON|read_json|JSON transform/i, code: "FileInvalid" },
  { pattern: /^IO Error|^Serialization Error|[Cc]orrupt|reached the end/, code: "FileInvalid" },
  { pattern: /Referenced column|does not have a column|Candidate bindings/, code: "UnknownColumn" },
  {
    pattern:
      /Cannot compare values|No function matches|explicit (type )?cast|Cannot mix|Unimplemented type/,
    code: "DTypeMismatch",
    advice: "convert one side with astype",
  },
  { pattern: /^(Conversion|Mismatch Type|Invalid Type|Out of Range) Error/, code: "DTypeMismatch" },
  { pattern: /^(Parser|Binder|Catalog|Syntax|Invalid Input) Error/, code: "InvalidArgument" },
  { pattern: /^Not implemented Error/i, code: "NotSupported" },
];

/** The typed error for a message of the engine. */
export function engineError(message: string, sql?: string): HeddleError {
  const rule = RULES.find(({ pattern }) => pattern.test(message));
  // Positions in a query that the user did not write, and lists of every overload, say nothing to
  // them.
  const text = withoutSettings(message)
    .replace(/\n\s*(LINE \d+:|Candidate functions:)[\s\S]*$/, "")
    .trim();
  const advice = rule?.advice === undefined ? "" : ` (${rule.advice})`;
  const fields = {
    engine: withoutLongLines(message),
    ...(sql === undefined ? {} : { sql }),
    ...details(message),
  };
  const said = inOurWords(message) ?? `the table engine said: ${withoutLongLines(text)}${advice}`;
  return new HeddleError(rule?.code ?? "TaskFailed", said, { fields });
}

const LINE_MAX = 300;

/** Lines of files are quoted whole, however long; reports of our own are taken apart elsewhere. */
function withoutLongLines(message: string): string {
  if (message.includes("Heddle column")) return message;
  const lines = message.split("\n");
  return lines.map((l) => (l.length > LINE_MAX ? `${l.slice(0, LINE_MAX)}…` : l)).join("\n");
}

/**
 * A CSV error lists its advice for SQL and every setting of the reader; what happened and where
 * comes first.
 */
function withoutSettings(message: string): string {
  if (message.includes("sniffing file")) return message.split("\nThe search space", 1)[0] as string;
  const file = /^\s*file = (.+)$/m.exec(message)?.[1];
  if (file === undefined || !message.includes("CSV Error")) return message;
  const [what] = message.split(/\n\n|\nPossible (?:fixes|solutions)/);
  return `${what} (file ${file.trim()})`;
}

/** Names that a message carries, as fields. */
function details(message: string): Record<string, unknown> {
  const column = /Referenced column "([^"]+)"/.exec(message)?.[1];
  const bindings = /Candidate bindings: (.+)/.exec(message)?.[1];
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  return {
    ...(column === undefined ? {} : { column }),
    ...(bindings === undefined ? {} : { nearest: /"([^"]+)"/.exec(bindings)?.[1] ?? null }),
    ...(line === undefined ? {} : { line: Number(line) }),
  };
}
