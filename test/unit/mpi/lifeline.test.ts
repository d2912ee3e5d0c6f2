import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, it } from "vitest";
import { Lifeline, LifelineHolder } from "../../../src/mpi/lifeline.ts";

let holder: LifelineHolder | undefined;
afterEach(async () => await holder?.close());

/** What the scheduler's rank hears. */
async function listening(): Promise<{
  facts: LifelineHolder["facts"];
  began: Promise<void>;
  ended: Promise<void>;
}> {
  let began: () => void = () => undefined;
  let ended: () => void = () => undefined;
  const whenBegun = new Promise<void>((resolve) => {
    began = resolve;
  });
  const whenEnded = new Promise<void>((resolve) => {
    ended = resolve;
  });
  holder = await LifelineHolder.open("tcp://127.0.0.1:0", { began, ended });
  return { facts: holder.facts, began: whenBegun, ended: whenEnded };
}

it("a program that says so has ended at once", async () => {
  const { facts, began, ended } = await listening();
  const lifeline = await Lifeline.open(facts);
  await began;
  await lifeline.close();
  await ended;
});

it("a program that is killed has ended", async () => {
  const { facts, began, ended } = await listening();
  const module = new URL("../../../dist/mpi/lifeline.js", import.meta.url).href;
  const program = `const { Lifeline } = await import(${JSON.stringify(module)});
    await Lifeline.open(${JSON.stringify(facts)});
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
  await began;
  child.kill("SIGKILL");
  await once(child, "close");
  await ended;
});

it("it keeps no process alive", async () => {
  const { facts, ended } = await listening();
  const module = new URL("../../../dist/mpi/lifeline.js", import.meta.url).href;
  const program = `const { Lifeline } = await import(${JSON.stringify(module)});
    await Lifeline.open(${JSON.stringify(facts)});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  await ended;
});

it("nobody else holds it", async () => {
  const { facts } = await listening();
  const other = { ...facts, token: "x".repeat(facts.token.length) };
  await expect(Lifeline.open(other)).rejects.toMatchObject({ code: "AuthFailed" });
  await expect(Lifeline.open(undefined)).rejects.toMatchObject({ code: "FileInvalid" });
});
