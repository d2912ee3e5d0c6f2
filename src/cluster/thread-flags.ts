/**
 * @file The flags of Node with which an engine's threads start. They inherit those of the process,
 * except where Node would refuse to start them: `--input-type` speaks of a program that is given as
 * text, which a thread is not. What decides how modules are loaded is then handed on by name, since
 * flags of the whole process are refused too.
 */

/** Flags with a value, after `=` or as the next argument. */
const WITH_VALUE = new Set([
  "-C",
  "--conditions",
  "--experimental-loader",
  "--import",
  "--loader",
  "-r",
  "--require",
]);
/** The program, and what it is written in. */
const TEXT = new Set(["-e", "--eval", "-p", "-pe", "--print", "--input-type"]);
const ALONE =
  /^--(no-)?(enable-source-maps|preserve-symlinks|warnings|experimental-(strip|transform)-types)$/;

/** What to start a thread with; undefined for the flags of the process, `given`. */
export function threadFlags(given: readonly string[]): string[] | undefined {
  if (!given.some((flag) => flag.startsWith("--input-type"))) return undefined;
  const flags: string[] = [];
  for (let i = 0; i < given.length; i++) {
    const flag = given[i] as string;
    const [name = ""] = flag.split("=", 1);
    const takesNext = name === flag && (WITH_VALUE.has(name) || TEXT.has(name));
    const parts = takesNext ? given.slice(i, i + 2) : [flag];
    i += parts.length - 1;
    if (WITH_VALUE.has(name) || ALONE.test(flag)) flags.push(...parts);
  }
  return flags;
}
