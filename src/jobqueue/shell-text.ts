/**
 * @file Words of a shell script. What a user gives is text: nothing in it is run, and only
 * variables are replaced, by the shell of the node on which the script runs.
 */

import { HeddleError } from "../core/errors.ts";

/** `$NAME`, `${NAME}`, and `${NAME:-plain default}`. */
const VARIABLE = /\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*(?::?-[\w./:@%+,=-]*)?\})/g;

/** A word that is this text and nothing else. */
export function quoted(text: string): string {
  if (text.includes("\0")) {
    throw new HeddleError(
      "InvalidArgument",
      `a script cannot hold ${JSON.stringify(text)}: no NUL`,
    );
  }
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A word that is this text, in which the shell replaces variables and a `~` at the beginning. */
export function expanded(given: string): string {
  const text = given.replace(/^~(?=\/|$)/, "$HOME");
  const variables = text.match(VARIABLE);
  if (variables === null || text.includes("\0")) return quoted(text);
  const parts = text.split(VARIABLE).map((part) => part.replace(/[\\"`$]/g, "\\$&"));
  return `"${parts.map((part, i) => part + (variables[i] ?? "")).join("")}"`;
}
