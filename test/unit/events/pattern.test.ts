import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePattern } from "../../../local/events/pattern/compile.ts";
import { EventShapeError, PatternError } from "../../../local/events/pattern/errors.ts";
import { matches, RuleSet } from "../../../local/events/pattern/rule-set.ts";
import { matchesWildcard, parseWildcard } from "../../../local/events/pattern/wildcard.ts";

const test = (pattern: object, event: object): boolean => matches(compilePattern(pattern), event);
/** Whether the values of one field, written as in a pattern, match a value. */
const field = (values: unknown[], value: unknown): boolean => test({ f: values }, { f: value });

describe("operators", () => {
  it.each<[unknown[], unknown, boolean]>([
    [["a"], "a", true],
    [["a"], "A", false],
    [[1], 1.0, true],
    [[1], "1", false],
    [[12345678901234], 12345678901234, true],
    [[true], true, true],
    [[true], "true", false],
    [[null], null, true],
    [[null], "", false],
    [[""], "", true],
    [["ünï🚀"], "ünï🚀", true],
    [["10.0.0.1"], "10.0.0.1", true],
    [["::1"], "0:0:0:0:0:0:0:1", true],
    [[{ exactly: "a" }], "a", true],
    [[{ prefix: "" }], "x", true],
    [[{ prefix: "" }], 1, false],
    [[{ prefix: { "equals-ignore-case": "EvEnTb" } }], "EVENTBridge", true],
    [[{ suffix: { "equals-ignore-case": ".PNG" } }], "a.png", true],
    [[{ "equals-ignore-case": "ÄB" }], "äb", true],
    [[{ wildcard: "a\\*b*" }], "a*bc", true],
    [[{ wildcard: "a\\*b*" }], "axbc", false],
    [[{ wildcard: "a\\\\*" }], "a\\b", true],
    [[{ wildcard: "*" }], "", true],
    [[{ wildcard: "a*a" }], "a", false],
    [[{ numeric: ["=", 3.018e2] }], 301.8, true],
    [[{ numeric: [">", 0, "<=", 5] }], 5, true],
    [[{ numeric: [">", 0, "<", 5] }], 5, false],
    [[{ numeric: [">=", -1] }], "0", false],
    [[{ numeric: ["<", 0.3] }], 0.1 + 0.2, false],
    [[{ numeric: [">", 0] }], 6e9, false],
    [[{ cidr: "10.0.0.0/24" }], "10.0.1.0", false],
    [[{ cidr: "2001:db8::/32" }], "2001:db8:ffff::1", true],
    [[{ cidr: "10.0.0.0/8" }], "::ffff:a00:1", true],
    [[{ cidr: "10.0.0.0/8" }], "10.0.0.256", false],
    [[{ "anything-but": "a" }], 1, true],
    [[{ "anything-but": [1, 2] }], 2.0, false],
    [[{ "anything-but": { suffix: ["x", "y"] } }], "by", false],
    [[{ "anything-but": { wildcard: "*x*" } }], "axb", false],
    [[{ "anything-but": { "equals-ignore-case": ["A"] } }], "a", false],
    [[{ exists: true }], null, true],
    [[{ exists: true }], {}, false],
    [[{ exists: true }], [], false],
    [[{ exists: false }], { x: 1 }, true],
    [[{ exists: false }, "a"], "a", true],
    [[{ exists: false }, "a"], "b", false],
    [["a", { prefix: "b" }], ["x", "bc"], true],
    [[{ "anything-but": "a" }], ["a", "b"], true],
    [["a"], [["a"]], true],
  ])("%j on %j is %j", (values, value, expected) => {
    expect(field(values, value)).toBe(expected);
  });
});

describe("structure", () => {
  it.each<[object, object, boolean]>([
    [{ $or: [{ a: [1] }, { b: [2] }] }, { b: 2 }, true],
    [{ $or: [{ a: [1] }, { b: [2] }] }, { a: 2, b: 1 }, false],
    [{ c: [1], $or: [{ a: [1] }, { $or: [{ b: [2] }, { d: [3] }] }] }, { c: 1, d: 3 }, true],
    [{ x: { $or: [{ a: [1] }, { b: { c: [{ exists: false }] } }] } }, { x: { a: 2 } }, true],
    // In the form of no operator, $or is a field.
    [{ $or: { a: [1] } }, { $or: { a: 1 } }, true],
    [{ "a.b": [1] }, { a: { b: 1 } }, true],
    [{ a: { b: [1] } }, { "a.b": 1 }, true],
    [{ a: { b: { c: [1] } } }, { "a.b": { c: 1 } }, true],
    // Both values must stand in one element.
    [
      { l: { a: [1], b: [2] } },
      {
        l: [
          { a: 1, b: 3 },
          { a: 4, b: 2 },
        ],
      },
      false,
    ],
    [
      { l: { a: [1], b: [2] } },
      {
        l: [
          { a: 1, b: 3 },
          { a: 1, b: 2 },
        ],
      },
      true,
    ],
    [{ l: { a: [1], b: [{ exists: false }] } }, { l: [{ a: 1 }, { a: 2, b: 1 }] }, true],
    [
      { l: { m: { a: [1] }, b: [2] } },
      {
        l: [
          { m: [{ a: 1 }], b: 3 },
          { m: [{ a: 4 }], b: 2 },
        ],
      },
      false,
    ],
    [{ toString: [{ exists: true }] }, {}, false],
    [{ ["__proto__"]: ["x"] }, JSON.parse('{"__proto__":"x"}'), true],
  ])("%j on %j is %j", (pattern, event, expected) => {
    expect(test(pattern, event)).toBe(expected);
  });
});

describe("a pattern is refused", () => {
  it.each<[unknown, string]>([
    [[], "Filter is not an object"],
    [{}, "Empty objects are not allowed"],
    [{ a: {} }, "Empty objects are not allowed"],
    [{ a: [["x"]] }, "Match value must be String, number, true, false, or null"],
    [{ a: [{}] }, "Match expression name not found"],
    [{ a: [{ prefix: "a", suffix: "b" }] }, "Only one key allowed in match expression"],
    [{ a: [{ prefix: { suffix: "b" } }] }, "Unsupported prefix pattern: suffix"],
    [{ a: [{ prefix: { "equals-ignore-case": 1 } }] }, "equals-ignore-case match pattern must be a string"],
    [{ a: [{ "equals-ignore-case": ["a"] }] }, "equals-ignore-case match pattern must be a string"],
    [{ a: [{ exists: "true" }] }, "exists match pattern must be either true or false."],
    [{ a: [{ numeric: [] }] }, "Invalid member in numeric match: ]"],
    [{ a: [{ numeric: [5] }] }, "Invalid member in numeric match: 5"],
    [{ a: [{ numeric: ["=", "5"] }] }, "Value of equals must be numeric"],
    [{ a: [{ numeric: [">", 0, ">", 5] }] }, "Bad numeric range operator: >"],
    [{ a: [{ numeric: [">", 0, 5] }] }, "Bad value in numeric range: 5"],
    [{ a: [{ numeric: ["!", 5] }] }, "Unrecognized numeric range operator: !"],
    [{ a: [{ numeric: ["<", 0, ">", 5] }] }, "Too many elements in numeric expression"],
    [{ a: [{ numeric: [">", 5, "<", 5] }] }, "Bottom must be less than top"],
    [{ a: [{ numeric: [">", 1e10] }] }, "Value must be between -5.0E9 and 5.0E9, inclusive"],
    [{ a: [{ "anything-but": [] }] }, "mixed type is not supported"],
    [{ a: [{ "anything-but": ["a", 1] }] }, "mixed type is not supported"],
    [{ a: [{ "anything-but": { numeric: [">", 1] } }] }, "Unsupported anything-but pattern: numeric"],
    [{ a: [{ "anything-but": { prefix: null } }] }, "must be an array or single string/number value"],
    [{ a: [{ "anything-but": { wildcard: "a**" } }] }, "Consecutive wildcard characters at pos 2"],
    [{ a: [{ wildcard: "é\\n" }] }, "Invalid escape character at pos 3"],
    [{ a: [{ cidr: "10.0.0.0" }] }, "Malformed CIDR, one '/' required"],
    [{ a: [{ cidr: "10.0.0.0/32" }] }, "IPv4 mask bits must be < 32"],
    [{ a: [{ cidr: "::/128" }] }, "IPv6 mask bits must be < 128"],
    [{ a: [{ cidr: "10.0.0.0/-1" }] }, "Malformed CIDR, mask bits must not be negative"],
    [{ a: [{ toString: "x" }] }, "Unrecognized match type toString"],
    [{ a: [{ "anything-but": { toString: "x" } }] }, "Unsupported anything-but pattern: toString"],
    [{ a: ["x"], $or: [{ a: ["x"] }] }, "at least 2 Objects in $or"],
  ])("%j: %s", (pattern, reason) => {
    expect(() => compilePattern(pattern)).toThrow(PatternError);
    expect(() => compilePattern(pattern)).toThrow(reason);
  });

  // What EventBridge accepted and refused in practice.
  it.each([
    [["*/datasync/*.bif", "*/datasync/*.tif"], true],
    [["*.bif", "*.tiff", "*.tif", "*.svs"], true],
    [["*/datasync/*.bif", "*/datasync/*.tiff", "*/datasync/*.tif", "*/datasync/*.svs"], false],
    [["*:stack/a/*", "*:stack/b/*", "*:stack/c/*"], true],
    [["*:stack/a/*", "*:stack/b/*", "*:stack/c/*", "*:stack/d/*"], false],
    [["*a*a*a*a*a*a*a*a*a*a*a*"], false],
  ])("or not, by its complexity: %j", (wildcards, accepted) => {
    const compile = () => compilePattern({ a: wildcards.map((wildcard) => ({ wildcard })) });
    if (accepted) expect(compile).not.toThrow();
    else expect(compile).toThrow("Rule is too complex");
  });

  it("with more than 1000 combinations of $or", () => {
    const or = (name: string) => [1, 2, 3, 4].map((n) => ({ [`${name}${n}`]: [n] }));
    const nested = (levels: number): object =>
      levels === 0 ? { x: [1] } : { $or: or(`l${levels}`), [`n${levels}`]: nested(levels - 1) };
    expect(() => compilePattern(nested(4))).not.toThrow();
    expect(() => compilePattern(nested(5))).toThrow("combinations");
  });
});

const scalar = fc.oneof(
  fc.constantFrom("", "a", "b", "ab", "abc", "*", "A"),
  fc.integer({ min: -3, max: 3 }),
  fc.boolean(),
  fc.constant(null),
);
const key = fc.constantFrom("a", "b", "c");
const event = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, tie("object"), fc.array(tie("value"), { maxLength: 3 })),
  object: fc.dictionary(key, tie("value"), { maxKeys: 3 }),
})).object as fc.Arbitrary<Record<string, unknown>>;
const expression = fc.oneof(
  scalar,
  fc.constantFrom<object>(
    { exists: true },
    { exists: false },
    { prefix: "a" },
    { "anything-but": ["a"] },
    { numeric: [">", 0] },
    { wildcard: "a*" },
  ),
);
const pattern = fc.letrec((tie) => ({
  values: fc.array(expression, { minLength: 1, maxLength: 3 }),
  object: fc.dictionary(key, fc.oneof({ maxDepth: 2 }, tie("values"), tie("object")), {
    minKeys: 1,
    maxKeys: 3,
  }),
})).object as fc.Arbitrary<object>;

const reversed = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(reversed)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([k, v]) => [k, reversed(v)]),
        )
      : value;

describe("invariants", () => {
  it("the order of keys does not matter, in events or in patterns", () => {
    fc.assert(
      fc.property(pattern, event, (p, e) => {
        const expected = test(p, e);
        expect(test(reversed(p) as object, e)).toBe(expected);
        expect(test(p, reversed(e) as object)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it("anything-but is the complement of the values it names", () => {
    const text = fc.constantFrom("", "a", "b", "ab", "ba", "A");
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 3 }), text, (list, value) => {
        expect(field([{ "anything-but": list }], value)).toBe(!field(list, value));
        for (const operator of ["suffix", "prefix", "equals-ignore-case", "wildcard"]) {
          const parts = list.filter((part) => part !== "");
          if (parts.length === 0) continue;
          expect(field([{ "anything-but": { [operator]: parts } }], value)).toBe(
            !field(
              parts.map((part) => ({ [operator]: part })),
              value,
            ),
          );
        }
      }),
    );
  });

  it("exists: false is the complement of exists: true", () => {
    fc.assert(
      fc.property(event, (e) => {
        expect(test({ a: [{ exists: false }] }, e)).toBe(!test({ a: [{ exists: true }] }, e));
      }),
    );
  });

  it("rules matched together match as each does alone, in their order", () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 8 }), event, (patterns, e) => {
        const compiled = patterns.map((p, i) => [i, compilePattern(p)] as const);
        const alone = compiled.filter(([, p]) => matches(p, e)).map(([i]) => i);
        expect(new RuleSet(compiled).match(e)).toEqual(alone);
      }),
      { numRuns: 500 },
    );
  });

  it("a wildcard expression matches what a regular expression of it matches", () => {
    const char = fc.constantFrom("a", "b", "*");
    const expressionText = fc
      .array(char, { maxLength: 6 })
      .map((chars) => chars.join("").replaceAll(/\*+/g, "*"));
    fc.assert(
      fc.property(
        expressionText,
        fc.array(fc.constantFrom("a", "b"), { maxLength: 8 }),
        (wildcard, chars) => {
          const expected = new RegExp(`^${wildcard.replaceAll("*", ".*")}$`).test(chars.join(""));
          expect(matchesWildcard(parseWildcard(wildcard), chars.join(""))).toBe(expected);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** `value` inside `depth` wrappings. */
const wrapped = (depth: number, wrap: (inner: unknown) => unknown, value: unknown = "x"): unknown => {
  let result = value;
  for (let i = 0; i < depth; i++) result = wrap(result);
  return result;
};

describe("hostile events", () => {
  it("are refused when nested too deeply where a rule looks, and harmless elsewhere", () => {
    const deepArray = wrapped(100_000, (inner) => [inner]);
    expect(() => test({ a: ["x"] }, { a: deepArray })).toThrow(EventShapeError);
    expect(test({ a: ["x"] }, { a: "x", b: deepArray })).toBe(true);
    const deepObject = wrapped(100_000, (inner) => ({ a: inner })) as object;
    expect(test({ a: { a: ["x"] } }, deepObject)).toBe(false);
    expect(() => compilePattern(deepObject)).toThrow(PatternError);
  });

  it("with huge arrays are matched in reasonable time", () => {
    const items = Array.from({ length: 20_000 }, (_, i) => ({ a: 1, b: 2, n: i }));
    const event = { l: items, m: items, k: items };
    const pattern = {
      l: { a: [1], b: [2], n: [{ "anything-but": -1 }] },
      m: { a: [1], b: [2] },
      k: { a: [1], b: [3] },
    };
    expect(test(pattern, event)).toBe(false);
    expect(test({ ...pattern, k: { a: [1], n: [19_999] } }, event)).toBe(true);
  });

  it("cannot make a wildcard slow", () => {
    const repeated = "a".repeat(20);
    // Patterns like this are refused; the matching behind them is safe all the same.
    expect(() => compilePattern({ f: [{ wildcard: `*${repeated}*b` }] })).toThrow("Rule is too complex");
    const parts = ["", `${repeated}c`, `${repeated}c`, "b"];
    expect(matchesWildcard(parts, `${"a".repeat(500_000)}b`)).toBe(false);
  });
});
