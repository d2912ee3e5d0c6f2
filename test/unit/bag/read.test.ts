import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Bag,
  fromSequence,
  fromUrl,
  range,
  readJson,
  readText,
} from "../../../src/bag/index.ts";

const sync = { scheduler: "sync" } as const;
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-bag-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function itemsOf<T>(bag: Bag<T>): Promise<T[]> {
  return bag.compute(sync);
}

/** Message of the error behind a failed computation. */
async function reasonOf(promise: Promise<unknown>): Promise<string> {
  const error = (await promise.then(
    () => undefined,
    (e: unknown) => e,
  )) as Error | undefined;
  return (error?.cause as Error | undefined)?.message ?? String(error);
}

describe("readText", () => {
  test.each([
    ["no line end at the end", "a\nb\nc"],
    ["a line end at the end", "a\nb\nc\n"],
    ["carriage returns", "a\r\nb\r\nc\r\n"],
    ["a byte order mark", "\ufeffa\nb\nc\n"],
  ])("every block size gives the same lines: %s", async (_, content) => {
    const path = file("lines.txt", content);
    for (let blocksize = 1; blocksize <= content.length + 4; blocksize++) {
      expect(await itemsOf(readText(path, { blocksize }))).toEqual(["a", "b", "c"]);
    }
  });

  test("a line belongs to the block in which its first byte lies", async () => {
    const path = file("owners.txt", "a\nb\nlonger\nc\n");
    const blocks = readText(path, { blocksize: 2 }).mapPartitions((lines) => [lines]);
    expect(await itemsOf(blocks)).toEqual([["a"], ["b"], ["longer"], [], [], [], ["c"]]);
  });

  test("characters of several bytes are never cut", async () => {
    const lines = ["äöü", "", "日本語 🧵", "🧵🧵🧵🧵🧵🧵", "x"];
    const path = file("wide.txt", lines.join("\n"));
    for (let blocksize = 1; blocksize < 60; blocksize++) {
      expect(await itemsOf(readText(path, { blocksize }))).toEqual(lines);
    }
  });

  test("lines longer than a block and than a piece of reading", async () => {
    const long = "x".repeat(3_000_000);
    const path = file("long.txt", `a\n${long}\nb\n`);
    const lengths = readText(path, { blocksize: "1MiB" }).map((line) => line.length);
    expect(await itemsOf(lengths)).toEqual([1, 3_000_000, 1]);
  });

  test("files that need many pieces give every line once", async () => {
    const lines = Array.from({ length: 200_000 }, (_, i) => `line ${i}`);
    const path = file("many.txt", lines.join("\n"));
    expect(await itemsOf(readText(path))).toEqual(lines);
    const blocks = readText(path, { blocksize: "700kB" });
    expect(blocks.npartitions).toBe(4);
    expect(await itemsOf(blocks)).toEqual(lines);
  });

  test("empty files have a partition and no lines", async () => {
    const empty = readText(file("empty.txt", ""));
    expect(empty.npartitions).toBe(1);
    expect(await itemsOf(empty)).toEqual([]);
    expect(await itemsOf(readText(file("blank.txt", "\n\n")))).toEqual(["", ""]);
  });

  test("gzip and brotli by extension, one partition per file", async () => {
    const content = "a\nb\n";
    const paths = [
      file("a.txt.gz", gzipSync(content)),
      file("a.txt.br", brotliCompressSync(content)),
      file("a.bin", gzipSync(content)),
    ];
    expect(await itemsOf(readText(paths.slice(0, 2)))).toEqual(["a", "b", "a", "b"]);
    expect(await itemsOf(readText(paths[2]!, { compression: "gzip" }))).toEqual(["a", "b"]);
    expect(() => readText(paths[0]!, { blocksize: 10 })).toThrow("cannot be cut into blocks");
    const cut = file("cut.txt.gz", gzipSync("a".repeat(10_000)).subarray(0, 20));
    expect(await reasonOf(itemsOf(readText(cut)))).toContain("may be truncated");
  });

  test("other encodings and delimiters", async () => {
    const latin = file("latin.txt", Buffer.from("caf\xe9\nna\xefve", "latin1"));
    expect(await itemsOf(readText(latin, { encoding: "latin1", blocksize: 3 }))).toEqual([
      "café",
      "naïve",
    ]);
    const utf16 = file("utf16.txt", Buffer.from("\ufeffäb\r\nc\n", "utf16le"));
    const wide = readText(utf16, { encoding: "utf-16le", blocksize: 4 });
    expect(wide.npartitions).toBe(1);
    expect(await itemsOf(wide)).toEqual(["äb", "c"]);
    const records = file("records.txt", "one--two\nlines---three--");
    for (const blocksize of [1, 5, 100]) {
      const split = readText(records, { linedelimiter: "--", blocksize });
      expect(await itemsOf(split)).toEqual(["one", "two\nlines", "-three"]);
    }
    expect(await itemsOf(readText(records, { linedelimiter: "wo", blocksize: 2 }))).toEqual([
      "one--t",
      "\nlines---three--",
    ]);
    expect(await reasonOf(itemsOf(readText(latin)))).toContain("the line at byte 0");
    expect(() => readText(latin, { encoding: "klingon" })).toThrow("klingon");
  });

  test("patterns, lists, URLs and paths beside lines", async () => {
    const dir = join(folder, "glob");
    mkdirSync(join(dir, "deep", "er"), { recursive: true });
    for (const name of ["part-2.txt", "part-10.txt", "part-1.csv", ".part-3.txt", "deep/er/x.txt"])
      writeFileSync(join(dir, name), `${name}\n`);
    const names = async (pattern: string): Promise<string[]> =>
      itemsOf(readText(join(dir, pattern)));
    expect(await names("part-*.txt")).toEqual(["part-2.txt", "part-10.txt"]);
    expect(await names("part-?.{txt,csv}")).toEqual(["part-1.csv", "part-2.txt"]);
    expect(await names("part-[!2].*")).toEqual(["part-1.csv"]);
    expect(await names("*.txt")).toEqual(["part-2.txt", "part-10.txt"]);
    expect(await names("**/*.txt")).toEqual(["deep/er/x.txt", "part-2.txt", "part-10.txt"]);
    const path = join(dir, "part-2.txt");
    const pairs = readText([pathToFileURL(path), path], { includePath: true });
    expect(await itemsOf(pairs)).toEqual([
      ["part-2.txt", path],
      ["part-2.txt", path],
    ]);
  });

  test("missing files are errors at once, with the nearest name", () => {
    const path = file("flights.txt", "");
    expect(() => readText(join(folder, "flihgts.txt"))).toThrow(path);
    expect(() => readText(join(folder, "nowhere", "flights.txt"))).toThrow("there is no file");
    expect(() => readText(join(folder, "*.nothing"))).toThrow("no file matches");
    expect(() => readText(folder)).toThrow("is a folder");
    expect(() => readText([])).toThrow("no path was given");
  });

  test("a changed file is other work", () => {
    const path = file("changing.txt", "a");
    const before = readText(path).lower().outputs[0]?.layer.name;
    writeFileSync(path, "ab");
    expect(readText(path).lower().outputs[0]?.layer.name).not.toBe(before);
  });
});

describe("readJson", () => {
  const values = [
    { a: 'quote " and \\ and , [ { }', b: [1, [2, { c: "]" }]] },
    "a string, with \\",
    [],
    null,
    -1.5e3,
    { "\\\\": "\\" },
    "🧵",
  ];

  test("an array is cut anywhere and gives the same elements", async () => {
    for (const text of [JSON.stringify(values), ` \n${JSON.stringify(values, null, 2)}\n`]) {
      const path = file("array.json", text);
      for (let blocksize = 1; blocksize < text.length + 2; blocksize += 3) {
        expect(await itemsOf(readJson(path, { blocksize }))).toEqual(values);
      }
    }
  });

  test("lines, told by extension or by the first byte", async () => {
    const text = values.map((value) => JSON.stringify(value)).join("\n");
    const named = file("values.jsonl", `${text}\n\n`);
    expect(await itemsOf(readJson(named, { blocksize: 16 }))).toEqual(values);
    expect(await itemsOf(readJson(file("values.json", text)))).toEqual(values);
    expect(await itemsOf(readJson(file("values.ndjson.gz", gzipSync(text))))).toEqual(values);
    const whole = file("values.json.gz", gzipSync(JSON.stringify(values)));
    expect(await itemsOf(readJson(whole, { lines: false }))).toEqual(values);
  });

  test("empty arrays and files of several kinds together", async () => {
    const empty = file("none.json", " [ ] ");
    const one = file("one.json", "[1]");
    const lines = file("two.jsonl", "2\n3\n");
    expect(await itemsOf(readJson(empty, { blocksize: 1 }))).toEqual([]);
    expect(await itemsOf(readJson([empty, one, lines]))).toEqual([1, 2, 3]);
  });

  test.each([
    ["truncated in a value", '[{"a":1},{"a":', "byte 14", "truncated"],
    ["truncated in a string", '["abc', "byte 5", "inside a string"],
    ["no value between commas", "[1,,2]", "byte 3", "not JSON"],
    ["a comma at the end", "[1,2,]", "byte 5", "not JSON"],
    ["a bare word", '[{"a":1},{"a":nope},{"a":2}]', "byte 9", "not JSON"],
    ["something after the end", "[1,2] [3]", "byte 3", "not JSON"],
    ["an object", '{"a":[1,2]}', "byte 0", "not with ["],
    ["an empty file", "  ", "byte 0", "an empty array is written []"],
  ])("%s is an error with its place, for every block size", async (_, text, place, why) => {
    const path = file("bad.json", text);
    for (const blocksize of [1, 2, 5, 100]) {
      const reason = await reasonOf(itemsOf(readJson(path, { blocksize, lines: false })));
      expect(reason).toContain(path);
      expect(reason).toMatch(blocksize === 100 ? place : /byte \d+/);
      expect(reason).toMatch(
        blocksize === 100 ? why : /not JSON|no value|truncated|inside|with|written/,
      );
    }
  });

  test("a bad line is named by its number, wherever the blocks are", async () => {
    const path = file("bad.jsonl", '{"a":1}\n\n{"a":2}\n{"a":\n{"a":3}\n');
    for (const blocksize of [3, 10, 1000]) {
      const reason = await reasonOf(itemsOf(readJson(path, { blocksize })));
      expect(reason).toContain(`${path}: line 4`);
    }
  });
});

describe("fromUrl", () => {
  test("lines of pages, and what a server answers otherwise", async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === "/lines" ? 200 : 404;
      response.end("a\r\nb\n");
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    try {
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      expect(await itemsOf(fromUrl(`${base}/lines`))).toEqual(["a", "b"]);
      expect(await reasonOf(itemsOf(fromUrl([`${base}/none`])))).toContain("404");
    } finally {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
    expect(() => fromUrl("ftp://example.org")).toThrow("For files use readText");
  });
});

describe("toTextfiles", () => {
  test("one file per partition, read back as the same bag", async () => {
    const lines = fromSequence(["a", "ä", "", "d"], { npartitions: 3 });
    const paths = await lines.toTextfiles(join(folder, "out", "*.txt"), sync);
    expect(paths).toEqual(["0", "1", "2"].map((i) => join(folder, "out", `${i}.txt`)));
    expect(readFileSync(paths[2]!, "utf8")).toBe("\nd\n");
    expect(await itemsOf(readText(paths))).toEqual(["a", "ä", "", "d"]);
  });

  test("compression, names, no last line end, and a folder", async () => {
    const lines = range(12, { npartitions: 12 }).map(String);
    const options = { ...sync, lastEndline: false, nameFunction: (i: number) => `p${i}` };
    const paths = await lines.toTextfiles(join(folder, "zip", "*.gz"), options);
    expect(paths[11]).toBe(join(folder, "zip", "p11.gz"));
    expect(gunzipSync(readFileSync(paths[11]!)).toString()).toBe("11");
    const padded = await lines.toTextfiles(join(folder, "parts"), sync);
    expect(padded[1]).toBe(join(folder, "parts", "01.part"));
    const lazy = lines.toTextfiles(join(folder, "lazy"), { compute: false });
    expect(await itemsOf(lazy)).toHaveLength(12);
  });

  test("what cannot be written", async () => {
    const numbers = range(2, { npartitions: 2 });
    const path = join(folder, "no", "*.txt");
    expect(await reasonOf(numbers.toTextfiles(path, sync) as Promise<unknown>)).toContain(
      "map(String)",
    );
    expect(() => numbers.toTextfiles(["a"])).toThrow("1 paths for 2 partitions");
    expect(() => numbers.toTextfiles("*/*.txt")).toThrow("2 stars");
    expect(() => numbers.toTextfiles("*.txt", { nameFunction: () => "x" })).toThrow(
      "two partitions",
    );
  });
});

test("files that have vanished are not found", async () => {
  const path = file("gone.txt", "a\n");
  const lines = readText(path);
  rmSync(path);
  expect(await reasonOf(itemsOf(lines))).toMatch(/there is no file .*gone\.txt/);
});

test("addresses keep their secrets, which go into a header", async () => {
  const server = createServer((request, response) => {
    const known = request.headers.authorization === `Basic ${btoa("ada:s3cret")}`;
    response.writeHead(known ? 200 : 401).end("one\ntwo\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = (who: string): string => `http://${who}@127.0.0.1:${port}/page?token=T0KEN`;
  expect(await itemsOf(fromUrl(url("ada:s3cret")))).toEqual(["one", "two"]);
  const refused = await reasonOf(itemsOf(fromUrl(url("bob:s3cret"))));
  await new Promise((resolve) => server.close(resolve));
  const closed = await reasonOf(itemsOf(fromUrl(url("ada:s3cret"))));
  for (const message of [refused, closed]) {
    expect(message).toContain(`http://127.0.0.1:${port}/page`);
    expect(message).not.toMatch(/s3cret|T0KEN|bob|ada/);
  }
  expect(() => fromUrl("ftp://ada:s3cret@host/x")).not.toThrow(/s3cret/);
});
