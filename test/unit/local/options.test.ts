import { describe, expect, it } from "vitest";
import { InvalidInputError } from "../../../core/errors.ts";
import { readOptions } from "../../../local/options.ts";

const fieldsOf = (args: string[], env: Record<string, string> = {}): string[] => {
  try {
    readOptions(args, env);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return error.problems.map((problem) => problem.field);
  }
};

describe("options of npm start", () => {
  it("keeps state in .slipway when serving, nowhere for a single run, and where it is told otherwise", () => {
    expect(readOptions([], {})).toMatchObject({
      once: false,
      data: ".slipway",
      time: { kind: "scaled", speed: 60 },
    });
    expect(readOptions(["--once"], {})).toMatchObject({ once: true, data: undefined });
    expect(readOptions(["--once", "--instant"], { SLIPWAY_DATA: "/d" })).toMatchObject({
      data: "/d",
      time: { kind: "virtual" },
    });
  });

  it("reads faults with subject, times and arguments", () => {
    expect(
      readOptions(["--fault", "NodesNeverJoin:subject=workers,times=2,after=300", "--fault", "Throttle"], {}),
    ).toMatchObject({
      faults: [
        { name: "NodesNeverJoin", subject: "workers", times: 2, args: { after: "300" } },
        { name: "Throttle" },
      ],
    });
  });

  it.each([
    [["--speed", "0"], {}, ["--speed"]],
    [["--speed", "fast"], {}, ["--speed"]],
    [["--instant", "--speed", "10"], {}, ["--speed"]],
    [["--nodes", "2"], {}, ["--nodes"]],
    [["--fault", "nodes"], {}, ["--fault"]],
    [["--fault", "Throttle:times"], {}, ["--fault"]],
    [["--wat"], {}, [""]],
    [[], { SLIPWAY_PORT: "80800" }, ["SLIPWAY_PORT"]],
    [["--speed", "x", "--seed", "y"], { SLIPWAY_AWS_PORT: "z" }, ["--speed", "--seed", "SLIPWAY_AWS_PORT"]],
  ] as [string[], Record<string, string>, string[]][])("refuses %j %j, naming %j", (args, env, fields) => {
    expect(fieldsOf(args, env)).toEqual(fields);
  });
});
