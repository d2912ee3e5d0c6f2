/** @file The shape of a job, read from options and configuration and checked. */
import { HeddleError } from "../core/errors.ts";
import { isJobName, isLine, isPath, isWord, LINE, PATH, WORD } from "./directive-text.ts";
import type { JobValues } from "./job-values.ts";
import { siteUnits } from "./lsf-units.ts";
import { CLASS_NAMES, optionName } from "./option-names.ts";
import type { JobShape, SystemShape } from "./shape.ts";
import { expanded } from "./shell-text.ts";

/** Errors: `InvalidArgument` for what is missing or makes no sense. */
export function readShape(values: JobValues): JobShape {
  checkTexts(values);
  const cores = values.get("cores") ?? values.get("job-cpu") ?? values.get("ncpus") ?? undefined;
  const memoryBytes = memoryOf(values);
  if (cores === undefined || memoryBytes === undefined) throw tooLittle(values, cores, memoryBytes);
  const processes = values.get("processes") ?? usualProcesses(cores);
  if (processes > cores) {
    throw values.wrong("processes", processes, `at most the ${cores} cores of a job`);
  }
  const text = (key: "queue" | "walltime" | "log-directory"): string | undefined =>
    values.get(key) ?? undefined;
  const extra = values.get("job-extra-directives");
  const account = accountOf(values);
  return {
    jobName: jobNameOf(values),
    cores,
    ...(memoryBytes === null ? {} : { memoryBytes }),
    processes,
    nodes: values.get("nodes"),
    ...given("queue", text("queue")),
    ...given("account", account),
    ...given("walltime", text("walltime")),
    ...given("logDirectory", text("log-directory")),
    shebang: values.get("shebang"),
    extraDirectives: Array.isArray(extra) ? (extra as readonly string[]) : [],
    directivesSkip: values.get("job-directives-skip"),
    prologue: [...environment(values), ...values.get("job-script-prologue")],
    epilogue: values.get("job-script-epilogue"),
    own: ownShape(values, extra),
  };
}

/** Nothing that is said may leave its directive. */
function checkTexts(values: JobValues): void {
  const words = ["queue", "walltime", "job-mem", "mem-per-cpu", "mem-per-gpu"] as const;
  for (const key of words) checkText(values, key, isWord, WORD);
  // LSF's has quotes round it.
  if (values.system !== "lsf") checkText(values, "account", isWord, WORD);
  else checkText(values, "account", (text) => isLine(text) && !text.includes('"'), LINE);
  checkText(values, "log-directory", isPath, PATH);
  const lines = ["resource-spec", "memory-per-core-property-name", "lsf-units", "shebang"] as const;
  for (const key of lines) checkText(values, key, isLine, LINE);
  const extra = values.get("job-extra-directives");
  const all = Array.isArray(extra) ? extra : Object.entries(extra).flat();
  const wrong = all.find((text) => !isLine(String(text)));
  if (wrong !== undefined) throw values.wrong("jobExtraDirectives", wrong, `${LINE} each`);
}

function checkText(
  values: JobValues,
  key: Parameters<JobValues["get"]>[0],
  isGood: (text: string) => boolean,
  expects: string,
): void {
  const value = values.get(key);
  if (typeof value !== "string" || isGood(value)) return;
  throw values.wrong(optionName(key), value, expects);
}

/** Bytes of a job; null: none are asked for; undefined: nobody has said it. */
function memoryOf(values: JobValues): number | null | undefined {
  const { value, source } = values.find("memory");
  if (source === "option" || value !== null) return value as number | null;
  const asked = values.get("job-mem");
  if (asked !== null && asked !== undefined) return parseSlurm(values, asked);
  const mem = values.get("mem");
  if (mem !== null && mem !== undefined) return mem;
  const others = ["mem-per-cpu", "mem-per-gpu", "resource-spec"] as const;
  const isSaid = others.some((key) => (values.get(key) ?? null) !== null);
  return isSaid ? null : undefined;
}

/** What Slurm writes "50G" is GiB; without a unit MiB. */
function parseSlurm(values: JobValues, text: string): number {
  const found = /^(\d+)([KMGT]?)B?$/i.exec(text.trim());
  if (found === null)
    throw values.wrong("jobMem", text, 'a size as Slurm writes it, such as "50G"');
  const power = { K: 1, M: 2, G: 3, T: 4 }[found[2]?.toUpperCase() || "M"] as number;
  return Number(found[1]) * 1024 ** power;
}

function tooLittle(
  values: JobValues,
  cores: number | undefined,
  memoryBytes: number | null | undefined,
): HeddleError<"InvalidArgument"> {
  const missing = [
    ...(cores === undefined ? ["cores"] : []),
    ...(memoryBytes === undefined ? ["memory"] : []),
  ];
  const example = `new ${CLASS_NAMES[values.system]}({ cores: ${cores ?? 8}, memory: "24GB" })`;
  return new HeddleError(
    "InvalidArgument",
    `${values.who} needs ${missing.join(" and ")}: what a job has on its node, as in ${example}, ` +
      `or in the configuration: ${missing.map((key) => `jobqueue.${values.system}.${key}`).join(", ")}` +
      (memoryBytes === undefined ? ". memory: null asks for none" : ""),
    { fields: { missing } },
  );
}

/** As Dask: all of few cores, else the least divisor that is not below the square root. */
function usualProcesses(cores: number): number {
  if (cores <= 4) return cores;
  let processes = Math.ceil(Math.sqrt(cores));
  while (cores % processes !== 0) processes++;
  return processes;
}

function accountOf(values: JobValues): string | undefined {
  return values.get("account") ?? values.get("project") ?? undefined;
}

/** Names that all systems take. */
function jobNameOf(values: JobValues): string {
  const name = values.get("name");
  if (isJobName(name)) return name;
  throw values.wrong("jobName", name, "a letter, then letters, digits and any of _ . + -");
}

/** Lines that set the variables of the workers' environment. */
function environment(values: JobValues): string[] {
  return Object.entries(values.get("environ")).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw values.wrong("environ", { [name]: value }, "names of variables, with texts");
    }
    return `export ${name}=${expanded(value)}`;
  });
}

function ownShape(values: JobValues, extra: unknown): SystemShape {
  return {
    ...given("resourceSpec", values.get("resource-spec")),
    ...given("jobCpu", values.get("job-cpu")),
    ...given("jobMem", values.get("job-mem")),
    ...given("memPerCpu", values.get("mem-per-cpu")),
    ...given("memPerGpu", values.get("mem-per-gpu")),
    ...given("ncpus", values.get("ncpus")),
    ...given("memBytes", values.get("mem")),
    ...given("lsfUnits", values.system === "lsf" ? (values.get("lsf-units") ?? siteUnits()) : null),
    ...given("useStdin", values.get("use-stdin")),
    ...given("memoryPerCorePropertyName", values.get("memory-per-core-property-name")),
    ...given("diskBytes", values.get("disk")),
    ...given("submitCommandExtra", values.get("submit-command-extra")),
    ...given("cancelCommandExtra", values.get("cancel-command-extra")),
    ...(Array.isArray(extra) ? {} : { extraAttributes: extra as Readonly<Record<string, string>> }),
  };
}

/** An object with the value, or without it. */
function given<K extends string, T>(
  name: K,
  value: T | null | undefined,
): { readonly [N in K]?: T } {
  return value === null || value === undefined ? {} : ({ [name]: value } as { [N in K]: T });
}
