/**
 * A tool that reads a page of the web. Addresses of this machine and its network are out of reach: a name is looked up
 * once, and what was looked at is what is called.
 */
import { lookup as lookUp } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { z } from "zod";
import { TuttiError } from "../../domain/error.ts";
import { tool } from "./tool.ts";

const LARGEST = 2 * 1024 * 1024;
const PATIENCE = 30_000;

/** Loopback, private and link-local nets, those of carriers, tests and groups. */
const INNER = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const)
  INNER.addSubnet(net, bits, "ipv4");
for (const [net, bits] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
  ["fec0::", 10],
  // Those that carry an address of the older kind in themselves.
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2001::", 32],
  ["2002::", 16],
] as const)
  INNER.addSubnet(net, bits, "ipv6");

const isInner = (address: string): boolean => INNER.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");

export const fetchPage = tool({
  name: "fetch",
  description:
    "Reads a page by http or https and gives its text. Redirects are not followed but told; addresses of this machine and its network are refused.",
  effect: "look",
  input: z.strictObject({ url: z.url({ protocol: /^https?$/ }).max(4000) }),
  resourceOf: ({ url }) => new URL(url).host,
  // Whatever is called learns who calls, and what it says may be meant to mislead.
  usual: () => "ask",
  perform: ({ url }, { world }) => page(new URL(url), world.signal),
});

function page(url: URL, signal: AbortSignal): Promise<string> {
  const literal = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(literal) && isInner(literal)) return Promise.reject(inner(url));
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  const headers = { accept: "text/*, application/json;q=0.9", "user-agent": "tutti" };
  return new Promise((resolve, reject) => {
    const call = request(url, { lookup: outerOnly, signal: limit, headers }, (response) => {
      const { statusCode = 0, headers: told } = response;
      const type = told["content-type"] ?? "";
      if (statusCode >= 300 && statusCode < 400) {
        response.destroy();
        return resolve(`[${statusCode}: it points to ${told.location ?? "nowhere"}; fetch that if you need it]`);
      }
      if (!/^(text\/|application\/(json|xml|.*\+(json|xml)))/i.test(type)) {
        response.destroy();
        return reject(new TuttiError("BAD_INPUT", `${url.host} answered with ${type || "no type"}, which is no text`));
      }
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > LARGEST) response.destroy(new Error(`the page has more than ${LARGEST} bytes`));
        else pieces.push(piece);
      });
      response.once("error", reject);
      response.once("end", () => {
        const text = Buffer.concat(pieces).toString("utf8");
        resolve(`[${statusCode} ${type}]\n${/html/i.test(type) ? plain(text) : text}`);
      });
    });
    call.once("error", reject);
    call.end();
  });
}

const outerOnly: LookupFunction = (hostname, options, done) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, "", 0);
    const [first] = addresses.filter(({ address }) => !isInner(address));
    if (!first) return done(inner(new URL(`http://${hostname}`)), "", 0);
    if (options.all) return done(null, [first]);
    done(null, first.address, first.family);
  });
};

const inner = ({ host }: URL) => new TuttiError("BAD_INPUT", `${host} is an address of this machine or its network`);

/** The words of a page; its structure is of no use to whoever reads it as text. */
function plain(html: string): string {
  const bare = html.replace(/<(script|style|head)\b[\s\S]*?<\/\1\s*>/gi, "").replace(/<!--[\s\S]*?-->/g, "");
  const lines = bare.replace(/<\/?(p|div|li|tr|h\d|br|section|article|pre)\b[^>]*>/gi, "\n").replace(/<[^>]*>/g, "");
  const named: { readonly [name: string]: string } = { lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " ", amp: "&" };
  const text = lines.replace(/&(lt|gt|quot|apos|nbsp|amp);/g, (_, name: string) => named[name] ?? "");
  return text
    .replace(/[ \t]+/g, " ")
    .replace(/\s*\n\s*/g, "\n")
    .trim();
}
