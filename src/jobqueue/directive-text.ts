/**
 * @file What may stand in a directive. A batch system reads directives line by line and word by
 * word, and has no way to quote that all share: text with more in it would leave its place, and
 * what comes after it would be options, or commands that the node runs.
 */

/** What a word of a directive must be, for messages. */
export const WORD = "one word, without blanks, quotes and backslashes, that begins with no dash";
/** What a path in a directive must be. */
export const PATH = "a path without blanks, quotes and backslashes: batch systems do not take them";
/** What a whole directive must be. */
export const LINE = "text of one line";

/** One word. */
export function isWord(text: string): boolean {
  return isPath(text) && !text.startsWith("-");
}

/** A path as batch systems take it. */
export function isPath(text: string): boolean {
  return isLine(text) && /^[^\s"'`\\]+$/.test(text);
}

/** Not empty, and of one line. */
export function isLine(text: string): boolean {
  return text.trim() !== "" && !/[\p{Cc}\u2028\u2029]/u.test(text.replaceAll("\t", " "));
}

/** Names that all batch systems take for jobs. */
export function isJobName(text: string): boolean {
  return /^[A-Za-z_][\w.+-]*$/.test(text);
}
