/**
 * @file `heddle config import`: the files in which users of Dask keep their configuration become
 * one of ours. What has no equal is listed with the reason; nothing is left out silently.
 */
import { jobqueueRule } from "./import-jobqueue.ts";
import {
  DASK_RULES,
  DISTRIBUTED_RULES,
  none,
  type Rule,
  type Translated,
  type Untranslated,
} from "./import-rules.ts";
import { type Leaf, type Line, readLeaves, writeLines } from "./import-yaml.ts";
import { findKey } from "./keys.ts";
import { definitionOf } from "./schema.ts";

/** A file of Dask's. */
export interface DaskFile {
  readonly path: string;
  readonly text: string;
}

/** A value that was not translated. */
export interface LeftOut {
  readonly key: string;
  readonly value: unknown;
  readonly where: string;
  readonly reason: string;
}

/** What became of the files. */
export interface Imported {
  /** The text of a `heddle.yaml`, with what was left out as comments at its end. */
  readonly text: string;
  readonly translated: readonly { readonly from: string; readonly to: string }[];
  readonly left: readonly LeftOut[];
}

const UNKNOWN = "neither Dask nor Heddle has such a key, as far as Heddle knows";

/**
 * Translates files of Dask's; where several say the same, the last one counts. Errors:
 * `ConfigInvalid` for what is no YAML, with file and line.
 */
export function importDask(files: readonly DaskFile[]): Imported {
  const lines = new Map<string, Line & { readonly where: string; readonly from: string }>();
  const left: LeftOut[] = [];
  for (const leaf of files.flatMap(({ path, text }) => readLeaves(path, text, isValue))) {
    const result = checked((findRule(leaf.key) ?? none(UNKNOWN))(leaf.value));
    if ("reason" in result) {
      left.push(leftOut(leaf, result.reason));
      continue;
    }
    const old = lines.get(result.to);
    if (old !== undefined) {
      const reason = `${leaf.where} says ${result.to} again, and counts`;
      left.push({ key: old.from, value: old.value, where: old.where, reason });
    }
    lines.set(result.to, { ...lineOf(leaf, result), where: leaf.where, from: leaf.key });
  }
  const names = files.map(({ path }) => path).join(", ");
  const head = `Translated by \`heddle config import\` from ${names}.`;
  const translated = [...lines.values()].map(({ from, key }) => ({ from, to: key }));
  return { text: writeLines([...lines.values()], head, footOf(left)), translated, left };
}

/** The rule for a key of Dask's, or undefined for one that is not known. */
export function findRule(given: string): Rule | undefined {
  const key = given.replaceAll("_", "-");
  const [first, second, ...rest] = key.split(".");
  if (first === "jobqueue" && second !== undefined && rest.length > 0) {
    return jobqueueRule(second, rest.join("."));
  }
  if (first === "logging") return DISTRIBUTED_RULES["logging"];
  if (first !== "distributed") return nearestRule(DASK_RULES, key);
  return nearestRule(DISTRIBUTED_RULES, key.slice("distributed.".length));
}

/** The rule of the key itself, or of the smallest group that has one. */
function nearestRule(rules: Readonly<Record<string, Rule>>, key: string): Rule | undefined {
  for (let name = key; name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
    if (Object.hasOwn(rules, name)) return rules[name];
  }
  return undefined;
}

/** Whether a map is the value of the key, rather than a group of keys. */
function isValue(given: string): boolean {
  const key = given.replaceAll("_", "-");
  const parts = key.split(".");
  if (parts[0] === "jobqueue") return parts.length > 2;
  return /^(distributed\.worker\.resources|(distributed\.)?logging)$/.test(key);
}

/** What is wanted here may be something else than what Dask takes. */
function checked(result: Translated | Untranslated): Translated | Untranslated {
  if ("reason" in result) return result;
  const key = findKey(result.to);
  if (key === undefined) return { reason: `Heddle has no key ${result.to}` };
  const { kind } = definitionOf(key);
  if (kind.parse(result.value) !== undefined) return result;
  return { reason: `${key} must be ${kind.expects}` };
}

function leftOut({ key, value, where }: Leaf, reason: string): LeftOut {
  return { key, value, where, reason };
}

function lineOf({ before, behind }: Leaf, { to, value, note }: Translated): Line {
  const notes = note === undefined ? [] : [` Look at this: ${note}.`];
  return { key: to, value, before: [...before, ...notes], behind };
}

/** What was left out, by reason. */
function footOf(left: readonly LeftOut[]): string[] {
  if (left.length === 0) return [];
  const reasons = [...new Set(left.map(({ reason }) => reason))];
  const lines = reasons.flatMap((reason) => [
    "",
    `${reason}:`,
    ...left
      .filter((one) => one.reason === reason)
      .map(({ key, value, where }) => `  ${key}: ${JSON.stringify(value)}  (${where})`),
  ]);
  return ["Not translated:", ...lines];
}
