/**
 * How a server shows that it is the one that a file names: it makes a MAC of what it is asked with the key in that
 * file. So a token is never sent to whoever has got the port of a server that died.
 */
import { createHmac, randomBytes } from "node:crypto";

export const CHALLENGE = "X-Tutti-Challenge";
export const PROOF = "X-Tutti-Proof";

/** 256 bits. */
export const newSecret = (): string => randomBytes(32).toString("base64url");
export const proofOf = (key: string, challenge: string): string =>
  createHmac("sha256", key).update(challenge.slice(0, 200)).digest("base64url");
