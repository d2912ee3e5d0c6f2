/**
 * @file Breaks comment lines that are longer than 100 characters, which the formatter leaves as
 * they are. Works on the files given, or on all. A too long line hands its last words to the next
 * line of the same paragraph; examples, lists and tables keep their lines.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const WIDTH = 100;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDERS = ["src", "test", "scripts", "bench", "examples"];

function allFiles() {
  return FOLDERS.flatMap((folder) => {
    const names = readdirSync(join(root, folder), { recursive: true });
    return names.map((name) => join(root, folder, name));
  }).filter(
    (path) =>
      /\.(ts|mjs)$/.test(path) && !/node_modules|\.generated\.|\/(generated|fixtures)\//.test(path),
  );
}

/** Turns a one-line block comment that is too long into one of several lines. */
function openBlock(line) {
  const match = /^(\s*)\/\*\*? (.*?) ?\*\/$/.exec(line);
  if (match === null || line.length <= WIDTH) return [line];
  return [`${match[1]}/**`, `${match[1]} * ${match[2]}`, `${match[1]} */`];
}

/**
 * The marker of a comment line (`// ` or ` * `), its text, and where continued text is indented.
 */
function parts(line) {
  const match = /^(\s*(?:\/\/|\*) )(.*)$/.exec(line);
  if (match === null) return undefined;
  const [, marker, text] = match;
  const list = /^(-|\d+\.) /.exec(text);
  return { marker, text, hang: list === null ? "" : " ".repeat(list[0].length) };
}

/** Whether `next` goes on with the paragraph of a line with this marker and indentation. */
function continues(next, marker, hang) {
  const found = next === undefined ? undefined : parts(next);
  if (found === undefined || found.marker !== marker) return false;
  if (/^(@|- |\d+\. |\||```|\{|\})/.test(found.text.trimStart())) return false;
  return found.text.startsWith(hang) && !/^\s/.test(found.text.slice(hang.length));
}

function wrap(text) {
  const lines = text.split("\n").flatMap(openBlock);
  let isExample = false;
  for (let i = 0; i < lines.length; i++) {
    if (/^\s*\*\/|\*\/\s*$/.test(lines[i])) isExample = false;
    else if (/^\s*\* @/.test(lines[i])) isExample = /\* @example/.test(lines[i]);
    const found = parts(lines[i]);
    if (found === undefined || isExample || lines[i].length <= WIDTH) continue;
    if (/https?:|^\s*\/\/ biome-ignore/.test(lines[i])) continue;
    const space = lines[i].lastIndexOf(" ", WIDTH);
    if (space <= found.marker.length + found.hang.length) continue;
    const rest = lines[i].slice(space + 1);
    const hang = found.hang || (/^\s*/.exec(found.text)?.[0] ?? "");
    lines[i] = lines[i].slice(0, space);
    if (continues(lines[i + 1], found.marker, hang)) {
      const tail = lines[i + 1].slice(found.marker.length + hang.length);
      lines[i + 1] = `${found.marker}${hang}${rest} ${tail}`;
    } else {
      lines.splice(i + 1, 0, `${found.marker}${hang}${rest}`);
    }
  }
  return lines.join("\n");
}

const given = process.argv.slice(2);
for (const path of given.length > 0 ? given : allFiles()) {
  const before = readFileSync(path, "utf8");
  const after = wrap(before);
  if (after !== before) writeFileSync(path, after);
}
