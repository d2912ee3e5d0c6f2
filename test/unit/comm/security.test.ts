/** @file Certificates: who gets in with which, and what is said to whoever does not. */
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { inspect } from "node:util";
import forge from "node-forge";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Security } from "../../../src/comm/index.ts";
import { dialed, received, station, words } from "./helpers.ts";

const AT = "tls://127.0.0.1:0";
/** Nothing but certificates: no token. */
const BARE = { token: undefined };

let ours: Security;
let theirs: Security;
let expired: Security;

beforeAll(async () => {
  ours = await Security.temporary();
  theirs = await Security.temporary();
  expired = await Security.temporary({ days: -1 });
});

describe("tls", () => {
  it("carries messages between holders of one authority's certificates", async () => {
    const { listener, next } = await station(AT, { ...BARE, security: ours });
    expect(listener.address).toMatch(/^tls:/);
    const comm = await dialed(listener.address, { ...BARE, security: ours });
    const there = received(await next(), 2);
    comm.send({ kind: "say", words: "secret" });
    comm.send({ kind: "data", n: 1, bytes: new Uint8Array(3_000_000) });
    expect(words(await there)).toEqual(["secret", "#1"]);
  });

  it("may ask for the token, too", async () => {
    const { listener } = await station(AT, { security: ours });
    expect((await dialed(listener.address, { security: ours })).state).toBe("open");
    const attempt = dialed(listener.address, { ...BARE, security: ours });
    await expect(attempt).rejects.toMatchObject({ code: "AuthFailed" });
  });

  it("refuses a dialer of another authority, and the dialer does not wait", async () => {
    const { listener, trouble, comms } = await station(AT, { ...BARE, security: ours });
    const stranger = new Security({ ...theirs.options, tlsCaFile: String(ours.options.tlsCaFile) });
    const attempt = dialed(listener.address, { ...BARE, security: stranger, connectMs: 60_000 });
    await expect(attempt).rejects.toMatchObject({ code: "AuthFailed" });
    expect((await trouble()).kind).toBe("refused");
    expect(comms).toEqual([]);
  });

  it("refuses a listener of another authority", async () => {
    const { listener } = await station(AT, { ...BARE, security: theirs });
    const attempt = dialed(listener.address, { ...BARE, security: ours, connectMs: 60_000 });
    await expect(attempt).rejects.toMatchObject({ code: "AuthFailed" });
    await expect(attempt).rejects.toThrow("certificate of the same authority");
  });

  it("refuses certificates that have expired", async () => {
    const { listener } = await station(AT, { ...BARE, security: expired });
    const attempt = dialed(listener.address, { ...BARE, security: expired });
    await expect(attempt).rejects.toThrow(/expired/);
  });

  it("refuses who shows no certificate, and who speaks an older version", async () => {
    const { listener, trouble, comms } = await station(AT, { ...BARE, security: ours });
    const port = Number(/:(\d+)$/.exec(listener.address)?.[1]);
    const old = { ...ours.connectOptions("client"), maxVersion: "TLSv1.1" as const };
    for (const [how, kind] of [
      [{}, "refused"],
      [old, "failed"],
    ] as const) {
      const at = { port, host: "127.0.0.1", rejectUnauthorized: false };
      const socket = connectTls({ ...how, ...at, minVersion: "TLSv1.1" });
      socket.on("error", () => undefined);
      onTestFinished(() => void socket.destroy());
      expect((await trouble()).kind).toBe(kind);
    }
    expect(comms).toEqual([]);
  });

  it("says who has hung up", async () => {
    const { listener, trouble } = await station(AT, { ...BARE, security: ours });
    const port = Number(/:(\d+)$/.exec(listener.address)?.[1]);
    const socket = connectSocket(port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const { localPort } = socket;
    socket.end();
    expect((await trouble()).remote).toBe(`tls connection from 127.0.0.1:${localPort}`);
  });

  it("says which kind of address is meant where the other kind was given", async () => {
    const secret = await station(AT, { ...BARE, security: ours });
    const asPlain = secret.listener.address.replace("tls", "tcp");
    await expect(dialed(asPlain, { connectMs: 300 })).rejects.toThrow(
      `use ${secret.listener.address}`,
    );
    expect((await secret.trouble()).error.message).toContain("is not TLS");
    const plain = await station(undefined, {});
    const asSecret = plain.listener.address.replace("tcp", "tls");
    await expect(dialed(asSecret, { security: ours })).rejects.toThrow("else tcp://");
  });

  it("keeps only so many that do not get to the end of their handshake", async () => {
    const { listener } = await station(AT, { ...BARE, security: ours, pendingMax: 3 });
    const port = Number(/:(\d+)$/.exec(listener.address)?.[1]);
    const ends = [];
    for (let i = 0; i < 4; i++) {
      const socket = connectSocket(port, "127.0.0.1");
      socket.on("error", () => undefined);
      onTestFinished(() => void socket.destroy());
      ends.push(new Promise((resolve) => socket.once("close", () => resolve(i))));
      await new Promise((resolve) => socket.once("connect", resolve));
    }
    expect(await Promise.race(ends)).toBe(0);
    expect((await dialed(listener.address, { ...BARE, security: ours })).state).toBe("open");
  });

  it("needs certificates on both sides, and tells how to get them", async () => {
    await expect(station(AT, BARE)).rejects.toThrow("Security.temporary()");
    await expect(dialed("tls://127.0.0.1:1", BARE)).rejects.toThrow("Security.temporary()");
  });

  it("checks the listener's name where it is asked to", async () => {
    const { listener } = await station(AT, { security: ours });
    const named = { security: ours, serverName: "localhost" };
    expect((await dialed(listener.address, named)).state).toBe("open");
    const other = dialed(listener.address, { security: ours, serverName: "else.where" });
    await expect(other).rejects.toMatchObject({ code: "AuthFailed" });
  });

  it("takes no scheduler or worker for one whose certificate is for clients alone", async () => {
    const authority = authorityOfTest();
    const [both, client] = [authority(true), authority(false)];
    const { listener } = await station(AT, { ...BARE, security: both });
    expect((await dialed(listener.address, { ...BARE, security: client })).state).toBe("open");
    const impostor = await station(AT, { ...BARE, security: client });
    const attempt = dialed(impostor.listener.address, { ...BARE, security: both });
    await expect(attempt).rejects.toMatchObject({ code: "AuthFailed" });
  });
});

/** Signs certificates for both sides, or for those that only connect. */
function authorityOfTest(): (isServer: boolean) => Security {
  const { pki } = forge;
  const makeKeys = (): { publicKey: string; privateKey: string } =>
    generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
  const own = makeKeys();
  const name = [{ name: "commonName", value: "an authority" }];
  const sign = (publicKey: string, extensions: object[]): string => {
    const certificate = pki.createCertificate();
    certificate.publicKey = pki.publicKeyFromPem(publicKey);
    certificate.validity.notAfter = new Date(Date.now() + 3_600_000);
    certificate.setSubject(extensions.length === 1 ? name : []);
    certificate.setIssuer(name);
    certificate.setExtensions(extensions);
    certificate.sign(pki.privateKeyFromPem(own.privateKey), forge.md.sha256.create());
    return pki.certificateToPem(certificate);
  };
  const tlsCaFile = sign(own.publicKey, [{ name: "basicConstraints", cA: true }]);
  return (isServer) => {
    const { publicKey, privateKey: tlsKey } = makeKeys();
    const use = { name: "extKeyUsage", serverAuth: isServer, clientAuth: true };
    const tlsCert = sign(publicKey, [{ name: "basicConstraints", cA: false }, use]);
    return new Security({ tlsCaFile, tlsCert, tlsKey });
  };
}

describe("Security", () => {
  it("requires encryption once there is an authority", async () => {
    await expect(station(undefined, { security: ours })).rejects.toThrow("is not encrypted");
    await expect(dialed("tcp://h:1", { security: ours })).rejects.toThrow("use tls://h:1");
    const lax = new Security({ ...ours.options, requireEncryption: false });
    expect((await station(undefined, { security: lax })).listener.address).toMatch(/^tcp:/);
  });

  it("reads files and texts, each role's own first", async () => {
    const folder = mkdtempSync(join(tmpdir(), "heddle-security-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "ca.pem");
    writeFileSync(path, String(ours.options.tlsCaFile));
    const { tlsCert = "", tlsKey = "" } = ours.options;
    const security = new Security({
      tlsCaFile: path,
      tlsClientCert: tlsCert,
      tlsClientKey: tlsKey,
    });
    expect(security.connectOptions("client").ca).toBe(ours.options.tlsCaFile);
    expect(() => security.connectOptions("worker")).toThrow("TLS needs tlsCert for the worker");
    expect(security.withTexts().tlsCaFile).toBe(ours.options.tlsCaFile);
    writeFileSync(path, "nothing");
    expect(() => security.listenOptions("client", 1)).toThrow("holds no PEM");
    rmSync(path);
    expect(() => security.listenOptions("client", 1)).toThrow("cannot be read");
  });

  it("refuses names and versions that it does not know", () => {
    expect(() => new Security({ tlsCAFile: "x" } as never)).toThrow('did you mean "tlsCaFile"');
    expect(() => new Security({ tlsMinVersion: "TLSv1.1" as never })).toThrow("TLSv1.2 or TLSv1.3");
  });

  it("shows no keys", () => {
    for (const shown of [inspect(ours, { showHidden: false }), JSON.stringify(ours), `${ours}`]) {
      expect(shown).not.toContain("BEGIN");
    }
    expect(String(ours)).toContain("tlsKey");
  });

  it("makes a temporary authority that signed the certificate, and keeps no key of it", () => {
    const { tlsCaFile = "", tlsCert = "" } = ours.options;
    const authority = new X509Certificate(tlsCaFile);
    const certificate = new X509Certificate(tlsCert);
    expect(authority.ca).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkIssued(authority)).toBe(true);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.checkHost("localhost")).toBe("localhost");
    expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(authority.subject).not.toBe(
      new X509Certificate(String(theirs.options.tlsCaFile)).subject,
    );
  });
});

describe("certificates that are of no use", () => {
  it("says which key is not the key of its certificate", async () => {
    const mixed = new Security({ ...ours.options, tlsKey: String(theirs.options.tlsKey) });
    expect(() => mixed.listenOptions("scheduler", 1000)).toThrow(
      /no TLS for the scheduler: tlsKey is not the key of tlsCert. Give/,
    );
    const { tlsCaFile, tlsCert, tlsKey } = ours.options as Record<string, string>;
    const own = { tlsClientCert: String(tlsCert), tlsClientKey: String(theirs.options.tlsKey) };
    const client = new Security({ ...ours.options, ...own });
    expect(() => client.connectOptions("client")).toThrow(/tlsClientKey is not the key of tlsCl/);
    expect(client.connectOptions("worker")).toMatchObject({ ca: tlsCaFile, key: tlsKey });
    expect(() => client.connectOptions("client")).toThrow(/tlsClientKey is not/);
    const { listener } = await station(AT, { ...BARE, security: ours });
    const attempt = dialed(listener.address, { ...BARE, security: mixed });
    await expect(attempt).rejects.toMatchObject({ code: "InvalidArgument" });
  });

  it("says so of what cannot be read", () => {
    const torn = `${String(ours.options.tlsCert).slice(0, 200)}\n-----END CERTIFICATE-----\n`;
    const security = new Security({ ...ours.options, tlsCert: torn });
    expect(() => security.connectOptions("client")).toThrow(/tlsCert, tlsKey, .* is of no use \(/);
    const ciphers = new Security({ ...ours.options, tlsCiphers: "NONE-OF-THEM" });
    expect(() => ciphers.connectOptions("client")).toThrow(/tlsCiphers is of no use/);
  });
});
