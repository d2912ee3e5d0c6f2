#!/usr/bin/env node
/**
 * @file The `heddle` command. Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.
 */
import { CommanderError } from "commander";
import { HeddleError } from "../core/errors.ts";
import { makeProgram } from "./program.ts";

const USAGE_ERROR = 2;

/** Runs the command line; the result is the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    await makeProgram((code) => {
      process.exitCode = code;
    }).parseAsync([...argv]);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
    if (!(error instanceof HeddleError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return error.code.startsWith("Config") ? USAGE_ERROR : 1;
  }
}

process.exitCode = await main(process.argv);
