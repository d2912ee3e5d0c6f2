/**
 * @file Throw-away certificates: an authority and one certificate signed by it. Keys are made by
 * Node's own cryptography; node-forge, loaded only here, writes and signs the certificates, which
 * Node cannot.
 */
import { generateKeyPair, randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { promisify } from "node:util";
import type { pki as Pki } from "node-forge";

/** PEM texts of a temporary authority and of the one certificate that it signed. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

interface KeyTexts {
  readonly publicKey: string;
  readonly privateKey: string;
}

const DAY_MS = 86_400_000;

/** An hour of grace for hosts whose clocks differ. */
const CLOCK_DIFFERENCE_MS = 3_600_000;

async function makeKeys(): Promise<KeyTexts> {
  return await promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

/** Makes an authority, signs one certificate with it and forgets the authority's key. */
export async function makeTemporaryCertificates(days: number): Promise<Certificates> {
  const [{ default: forge }, caKeys, keys] = await Promise.all([
    import("node-forge"),
    makeKeys(),
    makeKeys(),
  ]);
  const { pki } = forge;
  const caName = [
    { name: "commonName", value: `heddle authority ${randomBytes(8).toString("hex")}` },
  ];
  const sign = (keys: KeyTexts, name: Pki.CertificateField[], extensions: object[]): string => {
    const certificate = pki.createCertificate();
    certificate.publicKey = pki.publicKeyFromPem(keys.publicKey);
    // A leading 0 would make it negative or too short.
    certificate.serialNumber = `01${randomBytes(15).toString("hex")}`;
    certificate.validity.notBefore = new Date(Date.now() - CLOCK_DIFFERENCE_MS);
    certificate.validity.notAfter = new Date(Date.now() + days * DAY_MS);
    certificate.setSubject(name);
    certificate.setIssuer(caName);
    certificate.setExtensions(extensions);
    certificate.sign(pki.privateKeyFromPem(caKeys.privateKey), forge.md.sha256.create());
    return pki.certificateToPem(certificate);
  };
  const ca = sign(caKeys, caName, [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
  ]);
  const cert = sign(
    keys,
    [{ name: "commonName", value: "heddle" }],
    [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      { name: "subjectAltName", altNames: altNames() },
    ],
  );
  return { ca, cert, key: keys.privateKey };
}

/** DNS names (type 2) and IP addresses (type 7) of this host. */
function altNames(): object[] {
  return [
    { type: 2, value: "localhost" },
    { type: 2, value: hostname() },
    { type: 7, ip: "127.0.0.1" },
    { type: 7, ip: "::1" },
  ];
}
