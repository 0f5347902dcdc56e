import { PatternError } from "./errors.ts";

/** An address as a number with its width, so that IPv4 never equals IPv6. */
export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

const IPV4 = /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/;
const IPV6 = /^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/;

/** True for text that EventBridge takes for an IP address before it looks closer. */
export const looksLikeAddress = (text: string): boolean => IPV4.test(text) || IPV6.test(text);

function parseIPv4(text: string): bigint | undefined {
  let value = 0n;
  for (const octet of text.split(".")) {
    const number = Number(octet);
    if (number > 255) return undefined;
    value = (value << 8n) | BigInt(number);
  }
  return value;
}

const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));

function parseIPv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? "");
  const tail = groups(halves[1] ?? "");
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const group of [...head, ...Array<string>(missing).fill("0"), ...tail]) {
    if (group.length < 1 || group.length > 4) return undefined;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return value;
}

const MAPPED_IPV4 = 0xffffn;

/** The address a literal stands for; undefined when it is none. IPv4 mapped into IPv6 is the IPv4 address. */
export function parseAddress(text: string): Address | undefined {
  if (IPV4.test(text)) {
    const value = parseIPv4(text);
    return value === undefined ? undefined : { bits: 32, value };
  }
  if (!IPV6.test(text)) return undefined;
  const value = parseIPv6(text);
  if (value === undefined) return undefined;
  return value >> 32n === MAPPED_IPV4 ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value };
}

/** A test for addresses inside `cidr` (`10.0.0.0/8`, `2001:db8::/32`). */
export function cidrTest(cidr: string): (text: string) => boolean {
  // A trailing "/" is no second part.
  const [ip, mask, ...rest] = cidr.replace(/\/+$/, "").split("/");
  if (ip === undefined || mask === undefined || rest.length > 0)
    throw new PatternError("Malformed CIDR, one '/' required");
  if (!/^[+-]?[0-9]+$/.test(mask) || Math.abs(Number(mask)) > 0x7fff_ffff)
    throw new PatternError("Malformed CIDR, mask bits must be an integer");
  const maskBits = Number(mask);
  if (maskBits < 0) throw new PatternError("Malformed CIDR, mask bits must not be negative");
  if (!looksLikeAddress(ip)) throw new PatternError(`Nonstandard IP address: ${ip}`);
  const base = parseAddress(ip);
  if (!base) throw new PatternError(`Invalid IP address: ${ip}`);
  if (maskBits >= base.bits)
    throw new PatternError(base.bits === 32 ? "IPv4 mask bits must be < 32" : "IPv6 mask bits must be < 128");
  // The range starts at the address as written and ends with the block: host bits set in the base count.
  const top = base.value | ((1n << BigInt(base.bits - maskBits)) - 1n);
  return (text) => {
    const address = parseAddress(text);
    return address?.bits === base.bits && address.value >= base.value && address.value <= top;
  };
}
