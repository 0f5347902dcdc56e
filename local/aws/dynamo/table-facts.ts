import type { Kernel } from "../../kernel/kernel.ts";
import { isRecord } from "../codec/walk.ts";
import type { Scope } from "../contract.ts";

/** What dynalite does not keep of a table, or would take from the system's clock and chance. */
interface TableFacts {
  readonly createdAt: number;
  readonly id: string;
  ttlAttribute?: string;
}

interface TimeToLive {
  readonly AttributeName: string;
  readonly Enabled: boolean;
}

/** Facts of tables, kept in `kernel.durable`, per account and region. */
export function createTableFacts(kernel: Kernel) {
  const stored = kernel.durable.map<TableFacts>("dynamodb.tables");
  const keyOf = (scope: Scope, table: string): string => `${scope.account}/${scope.region}/${table}`;

  return {
    created(scope: Scope, table: string): void {
      stored.set(keyOf(scope, table), { createdAt: kernel.clock.now(), id: kernel.ids.uuid() });
    },
    deleted(scope: Scope, table: string): void {
      stored.delete(keyOf(scope, table));
    },
    /** A table's description with our time and id in place of the system's. */
    describe(scope: Scope, answer: object): object {
      const described: Record<string, unknown> = { ...answer };
      for (const name of ["Table", "TableDescription"]) {
        const table = described[name];
        if (!isRecord(table)) continue;
        const facts = stored.get(keyOf(scope, String(table.TableName)));
        if (!facts) continue;
        const time = facts.createdAt / 1000;
        const billing = isRecord(table.BillingModeSummary) && {
          BillingModeSummary: { ...table.BillingModeSummary, LastUpdateToPayPerRequestDateTime: time },
        };
        described[name] = { ...table, ...billing, CreationDateTime: time, TableId: facts.id };
      }
      return described;
    },
    setTimeToLive(scope: Scope, table: string, specification: TimeToLive): void {
      const key = keyOf(scope, table);
      const facts = stored.get(key);
      if (!facts) return;
      if (specification.Enabled) facts.ttlAttribute = specification.AttributeName;
      else delete facts.ttlAttribute;
      stored.touch(key);
    },
    timeToLive: (scope: Scope, table: string): string | undefined =>
      stored.get(keyOf(scope, table))?.ttlAttribute,
  };
}
