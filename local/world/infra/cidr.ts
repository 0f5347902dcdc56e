import { AwsError } from "../../aws/contract.ts";

/** An IPv4 block as numbers. */
export interface Cidr {
  readonly base: number;
  readonly prefix: number;
  readonly size: number;
}

const PATTERN = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

/** Reads `10.0.0.0/16`; bits below the prefix are dropped, as EC2 does. */
export function parseCidr(text: string): Cidr {
  const numbers = PATTERN.exec(text)?.slice(1).map(Number);
  const [a = 256, b = 256, c = 256, d = 256, prefix = 33] = numbers ?? [];
  if ([a, b, c, d].some((n) => n > 255) || prefix > 32) {
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`,
    );
  }
  const size = 2 ** (32 - prefix);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return { base: address - (address % size), prefix, size };
}

export const address = (value: number): string =>
  [value / 2 ** 24, value / 2 ** 16, value / 2 ** 8, value].map((n) => Math.floor(n) % 256).join(".");

export const cidrText = (cidr: Pick<Cidr, "base" | "prefix">): string =>
  `${address(cidr.base)}/${cidr.prefix}`;

export const contains = (outer: Cidr, inner: Cidr): boolean =>
  inner.base >= outer.base && inner.base + inner.size <= outer.base + outer.size;

export const overlaps = (a: Cidr, b: Cidr): boolean => a.base < b.base + b.size && b.base < a.base + a.size;

/** Fn::Cidr: the first `count` blocks of `hostBits` bits in `block`. */
export function subdivide(block: string, count: number, hostBits: number): string[] {
  if (block.includes(":")) return subdivideIpv6(block, count, hostBits);
  const outer = parseCidr(block);
  const size = 2 ** hostBits;
  if (!(count >= 1 && count <= 256) || !(hostBits >= 1 && hostBits <= 32) || size * count > outer.size) {
    throw new AwsError(
      "ValidationError",
      `Template error: Fn::Cidr cannot make ${count} blocks of ${hostBits} bits out of ${block}`,
    );
  }
  return Array.from({ length: count }, (_, i) =>
    cidrText({ base: outer.base + i * size, prefix: 32 - hostBits }),
  );
}

/** Blocks of /64 in a block like `2600:1f16:12:3400::/56`, the only ones that subnets take. */
function subdivideIpv6(block: string, count: number, hostBits: number): string[] {
  const [, head = "", fourth = "", prefix = ""] = /^([0-9a-f:]+):([0-9a-f]{1,4})::\/(\d+)$/.exec(block) ?? [];
  if (hostBits !== 64 || count > 2 ** (64 - Number(prefix)) || head === "")
    throw new AwsError(
      "ValidationError",
      `Template error: Fn::Cidr cannot make ${count} blocks of ${hostBits} bits out of ${block}`,
    );
  const first = Number.parseInt(fourth, 16);
  return Array.from({ length: count }, (_, i) => `${head}:${(first + i).toString(16)}::/64`);
}

/** Addresses of a subnet that can be used: AWS keeps the first four and the last one. */
export const usable = (cidr: Cidr): number => Math.max(0, cidr.size - 5);
