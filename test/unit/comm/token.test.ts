/** @file Tokens come from the environment, long enough, and are never shown. */
import { expect, it } from "vitest";
import { checkToken, makeToken, tokenFrom } from "../../../src/comm/token.ts";

it("makes tokens that differ and pass", () => {
  const tokens = new Set(Array.from({ length: 50 }, makeToken));
  expect(tokens.size).toBe(50);
  for (const token of tokens) expect(checkToken(token)).toMatch(/^[\w-]{43}$/);
});

it("takes the token of the environment, and none when there is none", () => {
  const token = makeToken();
  expect(tokenFrom({ HEDDLE_TOKEN: token })).toBe(token);
  expect(tokenFrom({})).toBeUndefined();
  expect(tokenFrom({ HEDDLE_TOKEN: "" })).toBeUndefined();
});

it("refuses short ones without showing them", () => {
  const attempt = (): unknown => tokenFrom({ HEDDLE_TOKEN: "hunter2" });
  expect(attempt).toThrow("not one of 7");
  expect(attempt).not.toThrow("hunter2");
});
