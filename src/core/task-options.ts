/** @file The options that tasks may be given, checked where they are given: names and values. */
import { HeddleError } from "./errors.ts";
import type { TaskOptions } from "./graph.ts";
import { checkOptionNames } from "./options.ts";

/** The names of all task options. */
export const TASK_OPTIONS: readonly (keyof TaskOptions)[] = [
  "priority",
  "retries",
  "resources",
  "workers",
  "allowOtherWorkers",
  "concurrency",
  "span",
];

/** Task options as they are given: one worker needs no list. */
export interface GivenTaskOptions extends Omit<TaskOptions, "workers"> {
  /** Address or name of the worker that may run the task, or a list of such; default all. */
  readonly workers?: string | readonly string[];
}

/** The options with workers in a list. */
export function listedOptions(options: GivenTaskOptions): TaskOptions {
  const { workers, ...others } = options;
  if (typeof workers === "string") return { ...others, workers: [workers] };
  return options as TaskOptions;
}

/** What each option may be: in words, and as a test. */
const ALLOWED: {
  readonly [K in keyof TaskOptions]-?: readonly [string, (value: unknown) => boolean];
} = {
  priority: ["a finite number; larger runs first", Number.isFinite],
  retries: ["a whole number from 0 on", isCount],
  resources: [
    "an object of names and amounts from 0 on, such as { GPU: 1 }",
    (value) =>
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((amount) => Number.isFinite(amount) && amount >= 0),
  ],
  workers: [
    'the name or address of a worker, or an array of such: ["inproc://0"]',
    (value) => (Array.isArray(value) ? value.length > 0 && value.every(isName) : isName(value)),
  ],
  allowOtherWorkers: ["true or false", isBoolean],
  concurrency: ["a whole number from 1 on", (value) => isCount(value) && value !== 0],
  span: [
    'an array of names, outermost first, such as ["load"]',
    (value) => Array.isArray(value) && value.every(isName),
  ],
};

/**
 * Throws `InvalidArgument` unless all of `options` are task options (or in `others`) and have
 * values that can be followed. Undefined stands for an option that is not given.
 */
export function checkTaskOptions(
  what: string,
  options: GivenTaskOptions,
  others: readonly string[] = [],
): void {
  checkOptionNames(what, options, [...TASK_OPTIONS, ...others]);
  for (const name of TASK_OPTIONS) {
    const value = options[name];
    const [allowed, accepts] = ALLOWED[name];
    if (value !== undefined && !accepts(value)) throw notAllowed(what, name, value, allowed);
  }
}

/** Throws `InvalidArgument` unless the option is absent, true or false. */
export function checkFlag(what: string, name: string, value: unknown): void {
  if (value !== undefined && !isBoolean(value))
    throw notAllowed(what, name, value, "true or false");
}

function notAllowed(
  what: string,
  name: string,
  value: unknown,
  allowed: string,
): HeddleError<"InvalidArgument"> {
  const given = typeof value === "string" ? JSON.stringify(value) : shown(value);
  return new HeddleError("InvalidArgument", `${what}: ${name} is ${given}; it may be ${allowed}`, {
    fields: { option: name },
  });
}

function shown(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? "an object";
  } catch {
    return "an object";
  }
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}
