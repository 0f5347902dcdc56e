import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { describe, expect, it } from "vitest";
import { RUNTIME, type Runtime } from "../../../adapters/runtime.ts";
import type { FunctionDeclaration } from "../../../core/declaration.ts";
import { createEndpoint } from "../../../local/aws/endpoint.ts";
import { VirtualClock } from "../../../local/kernel/clock.ts";
import { createKernel } from "../../../local/kernel/kernel.ts";
import type { InvocationContext } from "../../../local/lambda/context.ts";
import { createLambda } from "../../../local/lambda/lambda.ts";
import { setUp } from "../aws/support.ts";

const declare = (name: string, timeoutSeconds = 3): FunctionDeclaration => ({
  name,
  module: `functions/${name}.ts`,
  purpose: `test ${name}`,
  timeoutSeconds,
  memoryMB: 256,
  kubernetes: false,
  grants: [],
});

type Handler = (event: unknown, context: InvocationContext) => Promise<unknown>;

async function withFunctions(functions: Readonly<Record<string, Handler>>) {
  const world = setUp();
  const lambda = createLambda({ kernel: world.kernel, endpoint: world.endpoint });
  const runtime = { clock: world.kernel.clock } as unknown as Runtime;
  for (const [name, handler] of Object.entries(functions))
    lambda.register(
      declare(name),
      () => Promise.resolve({ handler: handler as (event: unknown, context: object) => Promise<unknown> }),
      () => runtime,
    );
  await lambda.ready();
  world.kernel.timers.start();
  const client = new LambdaClient(world.config);
  const invoke = async (name: string, event: unknown, type?: "Event" | "DryRun") => {
    const answer = await world.kernel.clock.until(
      client.send(
        new InvokeCommand({
          FunctionName: `slipway-local-${name}`,
          Payload: JSON.stringify(event),
          ...(type ? { InvocationType: type } : {}),
        }),
      ),
    );
    return {
      ...answer,
      payload: answer.Payload?.length ? JSON.parse(answer.Payload.transformToString()) : undefined,
    };
  };
  return { ...world, lambda, runtime, client, invoke };
}

describe("synchronous invocation", () => {
  it("gives the handler event and context, and the caller the answer", async () => {
    let seen: InvocationContext | undefined;
    const { invoke, runtime } = await withFunctions({
      echo: async (event, context) => {
        seen = context;
        return { event, left: context.getRemainingTimeInMillis() };
      },
    });
    const answer = await invoke("echo", { a: [1, null] });
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: "$LATEST" });
    expect(answer.FunctionError).toBeUndefined();
    expect(answer.payload).toEqual({ event: { a: [1, null] }, left: 3000 });
    expect(seen).toMatchObject({
      functionName: "slipway-local-echo",
      functionVersion: "$LATEST",
      invokedFunctionArn: "arn:aws:lambda:eu-west-1:111122223333:function:slipway-local-echo",
      memoryLimitInMB: "256",
      logGroupName: "/aws/lambda/slipway-local-echo",
    });
    expect(seen && Reflect.get(seen, RUNTIME)).toBe(runtime);
  });

  it("reports what a handler throws as Unhandled with type, message and trace", async () => {
    const { invoke } = await withFunctions({
      broken: async () => {
        throw Object.assign(new Error("no room"), { name: "NoCapacity" });
      },
      abrupt: () => {
        throw new TypeError("before the first await");
      },
    });
    const broken = await invoke("broken", {});
    expect(broken).toMatchObject({ StatusCode: 200, FunctionError: "Unhandled" });
    expect(broken.payload).toMatchObject({ errorType: "NoCapacity", errorMessage: "no room" });
    expect(broken.payload.trace[0]).toContain("no room");
    expect((await invoke("abrupt", {})).payload).toMatchObject({ errorType: "TypeError" });
  });

  it("times out on the platform's clock", async () => {
    const { invoke, kernel } = await withFunctions({ slow: () => new Promise(() => {}) });
    const before = kernel.clock.now();
    const answer = await invoke("slow", {});
    expect(answer.FunctionError).toBe("Unhandled");
    expect(answer.payload).toMatchObject({ errorType: "Sandbox.Timedout" });
    expect(answer.payload.errorMessage).toMatch(/Task timed out after 3\.00 seconds$/);
    expect(kernel.clock.now() - before).toBe(3000);
  });

  it.each([
    ["an unknown function", "nobody", "{}", "ResourceNotFoundException", 404],
    ["text that is not JSON", "echo", "{", "InvalidRequestContentException", 400],
    [
      "a payload above 6 MiB",
      "echo",
      JSON.stringify("x".repeat(6 * 1024 * 1024)),
      "RequestTooLargeException",
      413,
    ],
  ])("refuses %s", async (_, name, payload, code, status) => {
    const { client } = await withFunctions({ echo: async (event) => event });
    const error = await client
      .send(new InvokeCommand({ FunctionName: `slipway-local-${name}`, Payload: payload }))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: code, $metadata: { httpStatusCode: status } });
  });

  it("turns an answer above 6 MiB into an error of the function", async () => {
    const { invoke } = await withFunctions({ big: async () => "x".repeat(6 * 1024 * 1024) });
    expect((await invoke("big", {})).payload).toMatchObject({ errorType: "Function.ResponseSizeTooLarge" });
  });

  it("shares no object between caller and handler", async () => {
    const { lambda } = await withFunctions({
      mutate: async (event) => {
        (event as { list: number[] }).list.push(2);
        return event;
      },
    });
    const event = { list: [1] };
    await lambda.invoke("slipway-local-mutate", event);
    expect(event).toEqual({ list: [1] });
  });
});

describe("asynchronous invocation", () => {
  it("is retried after one and two minutes, then is a dead letter", async () => {
    const times: number[] = [];
    const { invoke, kernel, clock, lambda } = await withFunctions({
      fails: async () => {
        times.push(kernel.clock.now());
        throw new Error("always");
      },
    });
    const letters: string[] = [];
    lambda.onDeadLetter((letter) => letters.push(letter.payload));
    const start = kernel.clock.now();
    expect(await invoke("fails", { n: 1 }, "Event")).toMatchObject({ StatusCode: 202 });
    await clock.advance(10 * 60_000);
    expect(times.map((time) => time - start)).toEqual([0, 60_000, 180_000]);
    expect(letters).toEqual(['{"n":1}']);
    expect(lambda.invocations.get("fails")).toBe(3);
  });

  it("ends with the first success", async () => {
    let calls = 0;
    const { invoke, kernel, clock, lambda } = await withFunctions({
      second: async () => {
        if (++calls === 1) throw new Error("once");
      },
    });
    await invoke("second", {}, "Event");
    await clock.advance(10 * 60_000);
    expect(lambda.invocations.get("second")).toBe(2);
    expect([...kernel.durable.map("lambda.async").keys()]).toEqual([]);
  });
});

describe("the rest of the API", () => {
  it("lists functions in order, and a dry run invokes nothing", async () => {
    const { client, invoke, lambda } = await withFunctions({ b: async () => 1, a: async () => 1 });
    const { Functions } = await client.send(new ListFunctionsCommand({}));
    expect(Functions?.map(({ FunctionName }) => FunctionName)).toEqual([
      "slipway-local-a",
      "slipway-local-b",
    ]);
    expect(await invoke("a", {}, "DryRun")).toMatchObject({ StatusCode: 204 });
    expect(lambda.invocations.get("a")).toBeUndefined();
  });
});

describe("after a restart", () => {
  it("what was accepted or under way is attempted again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "slipway-lambda-"));
    const journal = join(folder, "journal");
    const start = async (handler: Handler) => {
      const kernel = createKernel({ time: { kind: "virtual" }, journal });
      const endpoint = createEndpoint({ kernel });
      const lambda = createLambda({ kernel, endpoint });
      lambda.register(declare("work", 900), async () => ({ handler: handler as never }), {} as Runtime);
      await lambda.ready();
      kernel.timers.start();
      if (!(kernel.clock instanceof VirtualClock)) throw new Error("expected virtual time");
      return { kernel, lambda, clock: kernel.clock };
    };
    try {
      let begun = 0;
      const first = await start(() => {
        begun++;
        return new Promise(() => {});
      });
      first.lambda.invokeAsync("slipway-local-work", { n: 1 }, "request-1");
      await first.clock.advance(1000);
      expect(begun).toBe(1);
      first.kernel.durable.close();
      first.clock.stop();

      const seen: unknown[] = [];
      const second = await start(async (event) => seen.push(event));
      await second.clock.advance(1000);
      expect(seen).toEqual([{ n: 1 }]);
      await second.clock.advance(3_600_000);
      expect(seen).toHaveLength(1);
      second.kernel.durable.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
