import { monotonicFactory } from "ulid";
import type { Clock, Ids, Random } from "../../core/clock.ts";

/** Seeded numbers in [0, 1): sfc32, whose period is far beyond any simulation. The same seed, the same row. */
export function seededRandom(seed: number): Random {
  let a = seed | 0;
  let b = (seed ^ 0x9e3779b9) | 0;
  let c = Math.imul(seed, 0x85ebca6b) | 0;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}

const DIGITS = "0123456789abcdef";

const hex = (random: Random, digits: number): string => {
  let text = "";
  for (let i = 0; i < digits; i++) text += DIGITS[Math.floor(random() * 16)];
  return text;
};

/** Identifiers from a clock and seeded numbers. */
export interface PlatformIds extends Ids {
  /** `digits` lower-case hexadecimal digits: `hex(17)` for EC2 ids. */
  hex(digits: number): string;
}

export function seededIds(clock: Clock, random: Random): PlatformIds {
  const ulid = monotonicFactory(random);
  return {
    ulid: () => ulid(clock.now()),
    uuid: () => {
      const h = hex(random, 32);
      const variant = ((Number.parseInt(h[16] ?? "0", 16) & 3) | 8).toString(16);
      return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-${variant}${h.slice(17, 20)}-${h.slice(20)}`;
    },
    hex: (digits) => hex(random, digits),
  };
}
