/** @file What two sides say before they trust each other. */
import { describe, expect, it } from "vitest";
import { HeddleError } from "../../../src/core/errors.ts";
import {
  decodeHandshake,
  encodeHandshake,
  errorOfRefusal,
  type Hello,
  PROTOCOL_VERSION,
  refusalOf,
  transcript,
  UNPROVED_BODY_MAX,
  versionMismatch,
} from "../../../src/protocol/index.ts";

const hello: Hello = {
  role: "worker",
  purpose: "control",
  id: "w1",
  incarnation: "abc",
  version: "0.2.0",
  codeHash: "c0de",
  nonce: new Uint8Array(32).fill(7),
  facts: { threads: 4, host: "näme" },
  resume: { session: "s", received: 2 ** 40, floor: 3 },
};

describe("frames of the handshake", () => {
  it("come back as they were", () => {
    const { resume: _, ...fresh } = hello;
    expect(decodeHandshake("hello", encodeHandshake("hello", hello))).toEqual(hello);
    expect(decodeHandshake("hello", encodeHandshake("hello", fresh))).toEqual(fresh);
    const challenge = { hello: encodeHandshake("hello", hello), proof: new Uint8Array(32).fill(9) };
    expect(decodeHandshake("challenge", encodeHandshake("challenge", challenge))).toEqual(
      challenge,
    );
    const proof = { proof: new Uint8Array(0) };
    expect(decodeHandshake("proof", encodeHandshake("proof", proof))).toEqual(proof);
    const welcome = { session: "s", resume: { session: "s", received: 1, floor: 0 } };
    expect(decodeHandshake("welcome", encodeHandshake("welcome", welcome))).toEqual(welcome);
  });

  it("fit into a frame of a peer that has proved nothing, whatever is in them", () => {
    const name = "n".repeat(256);
    const nonce = new Uint8Array(64);
    const facts = "x".repeat(32 * 1024 - 2);
    const resume = { session: name, received: 1, floor: 0 };
    const largest = {
      ...{ ...hello, id: name, incarnation: name, version: name, codeHash: name },
      ...{ nonce, facts, resume },
    };
    const body = encodeHandshake("challenge", {
      hello: encodeHandshake("hello", largest),
      proof: nonce,
    });
    expect(body.length).toBeLessThan(UNPROVED_BODY_MAX);
    expect(() => encodeHandshake("hello", { ...hello, facts: `${facts}x` })).toThrow(
      expect.objectContaining({ code: "InvalidArgument" }),
    );
  });

  it("tell a peer of another version both versions", () => {
    const body = encodeHandshake("hello", hello);
    body[8] = PROTOCOL_VERSION + 1;
    body.fill(0xff, 12);
    expect(() => decodeHandshake("hello", body)).toThrow(
      expect.objectContaining({
        code: "ProtocolMismatch",
        message: expect.stringContaining(
          `version ${PROTOCOL_VERSION + 1} there, ${PROTOCOL_VERSION} here`,
        ),
      }),
    );
  });

  it("let a refusal of another version be read", () => {
    const refusal = { code: "ProtocolMismatch", message: "version 2 there, 1 here", fields: {} };
    const body = encodeHandshake("refused", refusal);
    body[8] = 99;
    expect(decodeHandshake("refused", body)).toEqual(refusal);
  });

  it.each([
    ["another program's bytes", (b: Uint8Array) => b.fill(32, 0, 8), "not Heddle's protocol"],
    ["a role that does not exist", (b: Uint8Array) => b.fill(9, 12, 13), 'field "role"'],
    ["less than a hello", (b: Uint8Array) => b.subarray(0, 40), "bytes wanted"],
    ["more than a hello", (b: Uint8Array) => Buffer.concat([b, b]), "after the last field"],
  ])("refuse %s", (_name, change, problem) => {
    const body = change(encodeHandshake("hello", hello));
    expect(() => decodeHandshake("hello", body)).toThrow(problem);
    expect(() => decodeHandshake("hello", body)).toThrow(
      expect.objectContaining({ code: "ProtocolError" }),
    );
  });

  it("refuse a nonce that could be guessed", () => {
    const body = encodeHandshake("hello", { ...hello, nonce: new Uint8Array(15) });
    expect(() => decodeHandshake("hello", body)).toThrow("a nonce of 15 bytes, at least 16");
  });
});

describe("transcript", () => {
  it("differs with the side and with every byte of either hello", () => {
    const [a, b] = [encodeHandshake("hello", hello), Uint8Array.of(1, 2, 3)];
    const texts = [
      transcript("dialer", a, b),
      transcript("listener", a, b),
      transcript("dialer", b, a),
      transcript("dialer", a, Uint8Array.of(1, 2)),
      transcript("dialer", a, Uint8Array.of(1, 2, 4)),
      transcript("dialer", a.subarray(1), b),
    ].map((bytes) => Buffer.from(bytes).toString("hex"));
    expect(new Set(texts).size).toBe(texts.length);
  });
});

describe("versionMismatch", () => {
  const scheduler: Hello = { ...hello, role: "scheduler", id: "main", codeHash: "" };

  it("is none between equal programs, or where the code does not matter", () => {
    expect(versionMismatch(hello, hello)).toBeUndefined();
    expect(versionMismatch(scheduler, hello)).toBeUndefined();
    expect(versionMismatch(hello, scheduler)).toBeUndefined();
  });

  it("names both versions", () => {
    const error = versionMismatch(scheduler, { ...hello, version: "0.3.0" });
    expect(error?.code).toBe("VersionMismatch");
    expect(error?.message).toBe(
      'The worker "w1" runs Heddle 0.3.0, this scheduler "main" runs 0.2.0: ' +
        "install one version on both.",
    );
    expect(error?.fields).toEqual({ ours: "0.2.0", theirs: "0.3.0" });
  });

  it("names both hashes of code", () => {
    const error = versionMismatch({ ...hello, id: "w2" }, { ...hello, codeHash: "beef" });
    expect(error?.message).toContain('other code (beef) than this worker "w2" (c0de)');
  });
});

describe("a refusal", () => {
  it("brings an error to the other side", () => {
    const error = new HeddleError("AuthFailed", "Wrong token.", { fields: { host: "h" } });
    const body = encodeHandshake("refused", refusalOf(error));
    const back = errorOfRefusal(decodeHandshake("refused", body));
    expect(back).toBeInstanceOf(HeddleError);
    expect([back.code, back.message, back.fields]).toEqual([
      "AuthFailed",
      "Wrong token.",
      { host: "h" },
    ]);
  });

  it("tells nothing of errors that are not meant for others", () => {
    const refusal = refusalOf(new TypeError("secret path"));
    expect(JSON.stringify(refusal)).not.toContain("secret");
    expect(errorOfRefusal(refusal).code).toBe("ConnectFailed");
  });

  it("is shortened rather than not sent", () => {
    const big = { text: "x".repeat(50_000) };
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    for (const fields of [big, circle, { n: 1n }]) {
      const error = new HeddleError("Lost", "€".repeat(9000), { fields });
      const refusal = decodeHandshake("refused", encodeHandshake("refused", refusalOf(error)));
      expect(refusal.message).toBe(`${"€".repeat(2000)}…`);
      expect(refusal.fields).toEqual({});
    }
  });

  it("with an odd code is a failed connection", () => {
    const error = errorOfRefusal({ code: "<b>", message: "m", fields: null });
    expect([error.code, error.fields]).toEqual(["ConnectFailed", {}]);
  });
});
