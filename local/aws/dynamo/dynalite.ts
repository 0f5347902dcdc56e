import { createRequire } from "node:module";

/** The store of dynalite: tables and items in LevelDB, in memory or in files. */
export interface DynaliteStore {
  readonly tableDb: { awsAccountId: string; awsRegion: string };
  readonly db: { close(): Promise<void> };
}

interface Failure {
  readonly statusCode?: number;
  readonly body?: unknown;
}

type Action = (
  store: DynaliteStore,
  input: object,
  done: (error: (Error & Failure) | null | undefined, output?: object) => void,
) => void;

interface Validation {
  readonly types: unknown;
  readonly custom?: unknown;
}

interface Validations {
  checkTypes(input: object, types: unknown): object;
  checkValidations(input: object, types: unknown, custom: unknown, store: DynaliteStore): void;
}

// dynalite offers a server only; its parts are what that server is made of, and they need no socket.
const require = createRequire(import.meta.url);
const database = require("dynalite/db") as { create(options: object): DynaliteStore };
const validations = require("dynalite/validations") as Validations;

const OPERATIONS = [
  "BatchGetItem",
  "BatchWriteItem",
  "CreateTable",
  "DeleteItem",
  "DeleteTable",
  "DescribeTable",
  "GetItem",
  "ListTables",
  "ListTagsOfResource",
  "PutItem",
  "Query",
  "Scan",
  "TagResource",
  "UntagResource",
  "UpdateItem",
  "UpdateTable",
] as const;

const actions: ReadonlyMap<string, { readonly run: Action; readonly validation: Validation }> = new Map(
  OPERATIONS.map((name) => {
    const file = name.charAt(0).toLowerCase() + name.slice(1);
    return [
      name,
      {
        run: require(`dynalite/actions/${file}`) as Action,
        validation: require(`dynalite/validations/${file}`) as Validation,
      },
    ];
  }),
);

export const dynaliteHas = (operation: string): boolean => actions.has(operation);

/** Opens a store; without a folder it is in memory. Tables change their status at once. */
export function openStore(options: { account: string; region: string; path?: string }): DynaliteStore {
  const store = database.create({
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
    ...(options.path === undefined ? {} : { path: options.path }),
  });
  store.tableDb.awsAccountId = options.account;
  store.tableDb.awsRegion = options.region;
  return store;
}

export interface DynaliteAnswer {
  readonly status: number;
  readonly body: object;
}

/** Carries out an operation; refusals are answers, everything else that goes wrong rejects. */
export function runDynalite(store: DynaliteStore, operation: string, input: object): Promise<DynaliteAnswer> {
  const action = actions.get(operation);
  if (!action) throw new Error(`dynalite has no operation ${operation}`);
  const { run, validation } = action;
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown): void => {
      const { statusCode, body } = (typeof error === "object" && error !== null ? error : {}) as Failure;
      if (statusCode !== undefined && typeof body === "object" && body !== null)
        resolve({ status: statusCode, body });
      else reject(error);
    };
    try {
      const checked = validations.checkTypes(input, validation.types);
      validations.checkValidations(checked, validation.types, validation.custom, store);
      run(store, checked, (error, output) => {
        if (error) refuse(error);
        else resolve({ status: 200, body: output ?? {} });
      });
    } catch (error) {
      refuse(error);
    }
  });
}
