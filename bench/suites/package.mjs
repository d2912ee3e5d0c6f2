/** @file What a user pays before any work: importing the package, in a fresh process. */
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

function importMs(specifier) {
  const program = `const start = performance.now(); await import(${JSON.stringify(specifier)});
    console.log(performance.now() - start);`;
  const args = ["--input-type=module", "-e", program];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

export const cases = ["heddle", "heddle/array", "heddle/dataframe", "heddle/bag"].map((name) => ({
  name: `import ${name}`,
  unit: "ms",
  better: "less",
  run: () => importMs(name),
}));
