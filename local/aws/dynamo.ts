import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Kernel } from "../kernel/kernel.ts";
import { isRecord } from "./codec/walk.ts";
import type { Scope } from "./contract.ts";
import {
  type DynaliteAnswer,
  type DynaliteStore,
  dynaliteHas,
  openStore,
  runDynalite,
} from "./dynamo/dynalite.ts";
import { createTableFacts } from "./dynamo/table-facts.ts";
import { notImplemented } from "./errors.ts";
import { memo } from "./memo.ts";
import { RAW_JSON, type RawHandlers } from "./raw.ts";

/** DynamoDB in this process. */
export interface Dynamo {
  /** Mount with `endpoint.serve("dynamodb", dynamo.handlers)`. */
  readonly handlers: RawHandlers;
  /** Waits for what is being written and closes the files. */
  close(): Promise<void>;
}

const serialization = (message: string): DynaliteAnswer => ({
  status: 400,
  body: { __type: "com.amazon.coral.service#SerializationException", Message: message },
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * DynamoDB over dynalite, without a socket: tables in memory, or in LevelDB files below `path`, one database
 * per account and region. Requests reach dynalite as they came and are checked by it. Time to live is kept and
 * described, but nothing is expired by it: on AWS too an item may stay for days, so readers must look.
 *
 * dynalite yields with setImmediate, so each request is work that virtual time waits for. With files the
 * journal is written first: no item may speak of a state that a killed process does not come back to.
 */
export function createDynamo(options: { readonly kernel: Kernel; readonly path?: string }): Dynamo {
  const { kernel, path } = options;
  const facts = createTableFacts(kernel);
  const stores = new Map<string, DynaliteStore>();

  function storeOf({ account, region }: Scope): DynaliteStore {
    return memo(stores, `${account}/${region}`, () => {
      if (path === undefined) return openStore({ account, region });
      const folder = join(path, `${account}-${region}`);
      mkdirSync(folder, { recursive: true });
      return openStore({ account, region, path: folder });
    });
  }

  /** A table's status changes a turn later, as the library does it; wait, so that nobody sees it in between. */
  async function settled(store: DynaliteStore, table: string): Promise<DynaliteAnswer> {
    for (;;) {
      await turn();
      const answer = await runDynalite(store, "DescribeTable", { TableName: table });
      const { Table } = answer.body as { Table?: { TableStatus?: string } };
      if (answer.status !== 200 || Table?.TableStatus === "ACTIVE") return answer;
    }
  }

  async function carryOut(operation: string, input: object, scope: Scope): Promise<DynaliteAnswer> {
    const store = storeOf(scope);
    const table = String((input as { TableName?: unknown }).TableName);
    switch (operation) {
      case "UpdateTimeToLive":
      case "DescribeTimeToLive":
      case "DescribeContinuousBackups": {
        const described = await runDynalite(store, "DescribeTable", { TableName: table });
        return described.status === 200 ? aboutTable(operation, table, input, scope) : described;
      }
      case "CreateTable":
      case "UpdateTable":
      case "DeleteTable": {
        const answer = await runDynalite(store, operation, input);
        if (answer.status !== 200) return answer;
        await settled(store, table);
        if (operation === "CreateTable") facts.created(scope, table);
        const body = facts.describe(scope, answer.body);
        if (operation === "DeleteTable") facts.deleted(scope, table);
        return { status: 200, body };
      }
      default: {
        if (!dynaliteHas(operation)) throw notImplemented("dynamodb", operation);
        const answer = await runDynalite(store, operation, input);
        return operation === "DescribeTable"
          ? { status: answer.status, body: facts.describe(scope, answer.body) }
          : answer;
      }
    }
  }

  function aboutTable(operation: string, table: string, input: object, scope: Scope): DynaliteAnswer {
    if (operation === "DescribeContinuousBackups")
      return {
        status: 200,
        body: { ContinuousBackupsDescription: { ContinuousBackupsStatus: "DISABLED" } },
      };
    if (operation === "UpdateTimeToLive") {
      const { TimeToLiveSpecification: wanted } = input as { TimeToLiveSpecification?: unknown };
      if (
        !isRecord(wanted) ||
        typeof wanted.AttributeName !== "string" ||
        typeof wanted.Enabled !== "boolean"
      )
        return serialization("TimeToLiveSpecification must hold AttributeName and Enabled");
      const specification = { AttributeName: wanted.AttributeName, Enabled: wanted.Enabled };
      facts.setTimeToLive(scope, table, specification);
      return { status: 200, body: { TimeToLiveSpecification: specification } };
    }
    const attribute = facts.timeToLive(scope, table);
    const description =
      attribute === undefined
        ? { TimeToLiveStatus: "DISABLED" }
        : { TimeToLiveStatus: "ENABLED", AttributeName: attribute };
    return { status: 200, body: { TimeToLiveDescription: description } };
  }

  function parse(text: string): object | undefined {
    try {
      const value: unknown = JSON.parse(text);
      return isRecord(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  const handlers = {
    [RAW_JSON]: async (operation: string, text: string, scope: Scope) => {
      const input = parse(text);
      if (path !== undefined) kernel.durable.flush();
      const answer = input
        ? await kernel.clock.track(carryOut(operation, input, scope))
        : serialization("The request body is not a JSON object");
      return { status: answer.status, body: JSON.stringify(answer.body) };
    },
  } as RawHandlers;

  return {
    handlers,
    async close() {
      await Promise.all([...stores.values()].map(({ db }) => db.close()));
      stores.clear();
    },
  };
}
