/**
 * @file Loaded before a program that `heddle run` starts: shows progress while it runs, and a
 * summary when it ends. Task threads and child processes inherit the flag that loads this, and are
 * left alone.
 */
import { isMainThread } from "node:worker_threads";

/** This module's URL as `heddle run` gave it to Node. */
const given = process.execArgv.find((argument) => argument.includes("run-preload.js?"));
const flags = new URLSearchParams(given?.slice(given.indexOf("?")));
const isTheProgram = isMainThread && String(process.ppid) === flags.get("parent");

if (isTheProgram) {
  const { ProgressBar } = await import("../diagnostics/progress.ts");
  const { formatSummary, RunSummary } = await import("../diagnostics/summary.ts");
  if (flags.get("progress") === "true") {
    new ProgressBar({ keep: false, minimumMs: 300 }).register();
  }
  if (flags.get("summary") === "true") {
    const summary = new RunSummary();
    process.on("exit", () => {
      process.stderr.write(`\nheddle: ${formatSummary(summary, performance.now())}\n`);
    });
  }
}
