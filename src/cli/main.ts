#!/usr/bin/env node
/**
 * @file The `heddle` command. Exit codes: 0 done, 1 failed, 2 wrong use, 3 cannot connect, 130
 * interrupted.
 */
import { CommanderError } from "commander";
import { HeddleError } from "../core/errors.ts";
import { makeProgram } from "./program.ts";

const USAGE_ERROR = 2;
const NO_CONNECTION = 3;

/** What commands throw when their arguments make no sense; programs fail in their own process. */
const WRONG_USE: ReadonlySet<string> = new Set([
  "ConfigInvalid",
  "ConfigUnknownKey",
  "FileInvalid",
  "FileNotFound",
  "InvalidArgument",
  "NoLauncher",
  "NotSupported",
  "WorldTooSmall",
]);

/** What servers throw when there is nobody at the other end, or nobody who takes them. */
const UNREACHABLE: ReadonlySet<string> = new Set([
  "AuthFailed",
  "CommClosed",
  "ConnectFailed",
  "ProtocolMismatch",
  "Timeout",
  "VersionMismatch",
]);

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
    if (UNREACHABLE.has(error.code)) return NO_CONNECTION;
    return WRONG_USE.has(error.code) ? USAGE_ERROR : 1;
  }
}

process.exitCode = await main(process.argv);
