/** @file The file by which workers get in. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readConnectionFile, Security } from "../../../src/comm/index.ts";
import { config } from "../../../src/config/config.ts";
import {
  connectionFile,
  makeSecrets,
  refuseTaken,
  removeAccess,
  secretsFile,
  writeAccess,
  writeSecrets,
} from "../../../src/jobqueue/access-file.ts";
import { JobValues } from "../../../src/jobqueue/job-values.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-access-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("its path", () => {
  const path = (sharedTempDirectory: string | undefined, name = "work"): string =>
    connectionFile(
      new JobValues("slurm", sharedTempDirectory === undefined ? {} : { sharedTempDirectory }),
      name,
    );

  test("is in the shared folder, or the user's own", () => {
    expect(path(undefined)).toBe(join(homedir(), ".heddle", "jobqueue", "work.json"));
    expect(path("/shared/me")).toBe("/shared/me/work.json");
    expect(path("~/shared")).toBe(join(homedir(), "shared", "work.json"));
    expect(path("relative")).toBe(join(process.cwd(), "relative", "work.json"));
    config.with({ "jobqueue.slurm.shared-temp-directory": "/said" }, () => {
      expect(path(undefined)).toBe("/said/work.json");
    });
  });

  test("is that of a file: names with more in them are refused", () => {
    for (const name of ["../x", "a/b", "", ".hidden", "a b", "$(id)", "x".repeat(200)]) {
      expect(() => path(undefined, name)).toThrow(/SLURMCluster: name is /);
    }
    for (const name of [true, Number.NaN, 1n, Symbol("x"), ["work"]]) {
      expect(() => path(undefined, name as never)).toThrow(/SLURMCluster: name is /);
    }
  });
});

test("a file and the folders above it are for their owner alone", async () => {
  const path = join(folder, "deep", "work.json");
  const secrets = secretsFile(path);
  writeSecrets(secrets, await makeSecrets({}));
  writeAccess(path, { address: "tls://host:1", token: "x".repeat(20) });
  for (const file of [path, secrets]) expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "deep")).mode & 0o777).toBe(0o700);
  const { token = "", security } = readConnectionFile(secrets);
  expect([token.length > 30, security?.tlsKey?.includes("PRIVATE KEY")]).toEqual([true, true]);
  removeAccess(path, "y".repeat(20));
  removeAccess(path, undefined);
  expect(existsSync(path)).toBe(true);
  removeAccess(path, "x".repeat(20));
  removeAccess(path, "x".repeat(20));
  expect(existsSync(path)).toBe(false);
});

test("a name is taken as long as its scheduler answers, and no longer", async () => {
  const path = join(folder, "work.json");
  await refuseTaken(path, "work");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  writeAccess(path, { address: `tcp://127.0.0.1:${port}`, token: "x".repeat(20) });
  await expect(refuseTaken(path, "work")).rejects.toThrow(
    /a cluster named "work" runs already, at tcp:.*another name/,
  );
  await new Promise((resolve) => server.close(resolve));
  await refuseTaken(path, "work");
  writeFileSync(path, "no JSON");
  await refuseTaken(path, "work");
});

test("certificates are given, or of an authority of the cluster, or there are none", async () => {
  const security = await Security.temporary();
  expect((await makeSecrets({ security })).security).toBe(security);
  expect((await makeSecrets({ protocol: "tcp" })).security).toBeUndefined();
  const [one, two] = [await makeSecrets({}), await makeSecrets({})];
  expect(one.token).not.toBe(two.token);
  expect(one.security?.withTexts().tlsCaFile).not.toBe(two.security?.withTexts().tlsCaFile);
});

test("a folder that cannot be written to: what to do", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const path = join(file, "work.json");
  expect(() => writeAccess(path, { address: "tls://host:1" })).toThrow(
    /cannot be written .*sharedTempDirectory/,
  );
  expect(readFileSync(file, "utf8")).toBe("");
});
