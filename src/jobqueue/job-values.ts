/**
 * @file What holds for a kind of job: the group's options, those of the cluster, the section of the
 * configuration that `configName` names, the system's own, in this order. Options are read as
 * configuration is, so both take the same values and complain in the same words.
 */
import { describeGiven } from "../cluster/given.ts";
import { config } from "../config/config.ts";
import {
  type AllSectionValues,
  JOB_SYSTEMS,
  type JobSystem,
  sectionKeys,
} from "../config/jobqueue-keys.ts";
import { canonicalName } from "../config/keys.ts";
import type { ConfigKey } from "../config/schema.ts";
import { HeddleError, nearestName } from "../core/errors.ts";
import { CLASS_NAMES, checkJobOptions, checkOneJob, optionName } from "./option-names.ts";
import type { JobQueueOptions } from "./options.ts";

/** Name of the group that the options of the cluster itself describe. */
export const DEFAULT_GROUP = "default";

/** Where a value was said. */
export type ValueSource = "option" | "configuration" | "default";

/** The values of one kind of job, by the names of their keys. */
export class JobValues {
  readonly system: JobSystem;
  /** Who speaks, for messages: `SLURMCluster`, `SLURMCluster: groups.gpu`. */
  readonly who: string;
  /** Options, the strongest first. */
  readonly #levels: readonly Readonly<Record<string, unknown>>[];
  readonly #section: string | undefined;

  /**
   * Values of a group of workers, by its name, or of a job that is none of a group. Errors:
   * `InvalidArgument` for names of options.
   */
  constructor(
    system: JobSystem,
    options: JobQueueOptions,
    job: string | { readonly name: string; readonly own: object } = DEFAULT_GROUP,
  ) {
    checkJobOptions(system, options);
    const title = CLASS_NAMES[system];
    this.system = system;
    if (typeof job === "string") {
      const own = options.groups?.[job];
      this.who = own === undefined ? title : `${title}: groups.${job}`;
      this.#levels = [{ ...own }, { ...options }];
    } else {
      this.who = `${title}: ${job.name}`;
      checkOneJob(system, this.who, job.own);
      this.#levels = [{ ...job.own }, { ...options }];
    }
    this.#section = sectionOf(title, options.configName);
  }

  /**
   * The value of a key; undefined where the system has no such key. Errors: `InvalidArgument` for
   * options, `ConfigInvalid` for configuration.
   */
  get<K extends keyof AllSectionValues>(key: K): AllSectionValues[K] {
    return this.find(key).value as AllSectionValues[K];
  }

  /** The value and where it was said. Null that an option gives is a value: none. */
  find(key: keyof AllSectionValues): { readonly value: unknown; readonly source: ValueSource } {
    const known = sectionKeys(this.system)[key];
    if (known === undefined) return { value: undefined, source: "default" };
    const names = isAccount(key) ? ["account", "project"] : [optionName(key)];
    for (const level of this.#levels) {
      const name = names.find((one) => level[one] !== undefined);
      if (name === undefined) continue;
      const raw = level[name];
      const value = known.kind.parse(raw);
      if (value !== undefined) return { value, source: "option" };
      throw this.wrong(name, raw, known.kind.expects);
    }
    return this.configured(key);
  }

  /** What the configuration says, whatever the options do. */
  configured(key: keyof AllSectionValues): {
    readonly value: unknown;
    readonly source: ValueSource;
  } {
    const known = sectionKeys(this.system)[key];
    for (const section of [this.#section, this.system]) {
      if (section === undefined) continue;
      const full = `jobqueue.${section}.${key}` as ConfigKey;
      if (config.origin(full).source === "default") continue;
      return { value: config.get(full), source: "configuration" };
    }
    return { value: known?.default, source: "default" };
  }

  /** The error for an option whose value makes no sense. */
  wrong(option: string, given: unknown, expects: string): HeddleError<"InvalidArgument"> {
    const text = textOf(given);
    return new HeddleError(
      "InvalidArgument",
      `${this.who}: ${option} is ${text}; it must be ${expects}`,
      { fields: { option } },
    );
  }
}

/** The section that is named; throws `InvalidArgument` where nothing says anything of it. */
function sectionOf(who: string, name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const section = canonicalName(name);
  if (JOB_SYSTEMS.includes(section as JobSystem)) return section;
  const keys = config.list("jobqueue").map(({ key }) => key);
  if (keys.some((key) => key.startsWith(`jobqueue.${section}.`))) return section;
  const sections = [...new Set(keys.map((key) => key.split(".")[1] as string))];
  const near = nearestName(section, sections);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  throw new HeddleError(
    "InvalidArgument",
    `${who}: configName is "${name}", but the configuration has nothing below ` +
      `jobqueue.${section}${hint} Sections: ${sections.join(", ")}`,
    { fields: { configName: name } },
  );
}

/** Systems have different words for who pays; people know that of one or the other. */
function isAccount(key: string): boolean {
  return key === "account" || key === "project";
}

/** A value as people write it; what JSON has no word for, by its kind. */
function textOf(value: unknown): string {
  const isPlain = typeof value === "string" || (typeof value === "object" && value !== null);
  if (!isPlain) return typeof value === "bigint" ? `${value}n` : String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return describeGiven(value);
  }
}
