import { describe, expect, it } from "vitest";
import type { ClusterRef } from "../../../core/cluster-ref.ts";
import type { Operation, OperationStatus } from "../../../core/operation/types.ts";
import type { ClusterRecord, Store } from "../../../core/ports/store.ts";

const ref = (name = "prod-1", region = "eu-west-1"): ClusterRef => ({
  account: "111122223333",
  region,
  name,
});

const cluster = (over: Partial<ClusterRecord> = {}): ClusterRecord => ({
  ref: ref(),
  config: { metadata: { name: "prod-1" }, list: [1, { deep: true }], empty: "" },
  generation: 1,
  updatedAt: "2026-11-20T09:00:00.000Z",
  updatedBy: "ann",
  ...over,
});

const operation = (n: number, over: Partial<Operation> = {}): Operation => ({
  id: `op-01HZ${String(n).padStart(22, "0")}`,
  type: "upgrade-cluster",
  cluster: ref(),
  status: "Pending",
  requester: "ann",
  overrides: [],
  request: { to: "1.34" },
  plan: {
    type: "upgrade-cluster",
    cluster: ref(),
    phases: [],
    findings: [],
    expectedSeconds: 1,
    disruption: { nodesReplaced: 0, maxUnavailable: "1", surgeNodes: 0 },
    digest: "d",
  },
  createdAt: "2026-11-20T09:00:00.000Z",
  attempt: 1,
  control: {},
  revision: 1,
  ...over,
});

const note = (message: string) => ({ at: "2026-11-20T09:00:00.000Z", kind: "Note" as const, message });

async function allPages(
  list: (nextToken: string | undefined) => Promise<{ items: readonly unknown[]; nextToken?: string }>,
) {
  const pages: (readonly unknown[])[] = [];
  let nextToken: string | undefined;
  do {
    const page = await list(nextToken);
    pages.push(page.items);
    nextToken = page.nextToken;
  } while (nextToken);
  return pages;
}

/** What every implementation of the store has to do. `open` gives an empty one. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`store over ${name}`, () => {
    describe("clusters", () => {
      it("keeps a record as it was put", async () => {
        const store = await open();
        expect(await store.getCluster(ref())).toBeUndefined();
        await store.putCluster(cluster());
        expect(await store.getCluster(ref())).toEqual(cluster());
      });

      it("lets only the next generation in, and a repeat of the same write", async () => {
        const store = await open();
        await store.putCluster(cluster());
        await store.putCluster(cluster());
        const second = cluster({ generation: 2, updatedAt: "2026-11-20T10:00:00.000Z" });
        await store.putCluster(second);
        await expect(
          store.putCluster(
            cluster({ generation: 2, updatedAt: "2026-11-20T11:00:00.000Z", updatedBy: "bob" }),
          ),
        ).rejects.toMatchObject({ code: "GenerationConflict", retryable: true });
        await expect(store.putCluster(cluster({ generation: 5 }))).rejects.toMatchObject({
          code: "GenerationConflict",
        });
        expect(await store.getCluster(ref())).toEqual(second);
      });

      it("finds clusters of one name in every region, and no name that only begins alike", async () => {
        const store = await open();
        const names = [ref("web"), ref("web", "us-east-1"), ref("web-2"), ref("we")];
        for (const each of names) await store.putCluster(cluster({ ref: each }));
        const found = await store.findClusters("web");
        expect(found.map((record) => record.ref.region).sort()).toEqual(["eu-west-1", "us-east-1"]);
        expect(await store.findClusters("nope")).toEqual([]);
      });

      it("lists by name, in pages that end", async () => {
        const store = await open();
        for (const each of ["d", "a", "c", "b", "e"]) await store.putCluster(cluster({ ref: ref(each) }));
        const pages = await allPages((nextToken) =>
          store.listClusters({ limit: 2, ...(nextToken ? { nextToken } : {}) }),
        );
        expect(pages.map((page) => page.map((r) => (r as ClusterRecord).ref.name))).toEqual([
          ["a", "b"],
          ["c", "d"],
          ["e"],
        ]);
      });

      it("refuses a page token that it did not give", async () => {
        const store = await open();
        await expect(store.listClusters({ limit: 2, nextToken: "%%" })).rejects.toMatchObject({
          code: "InvalidInput",
        });
      });

      it("deletes, also twice", async () => {
        const store = await open();
        await store.putCluster(cluster());
        await store.deleteCluster(ref());
        await store.deleteCluster(ref());
        expect(await store.getCluster(ref())).toBeUndefined();
      });
    });

    describe("operations", () => {
      it("creates once", async () => {
        const store = await open();
        await store.createOperation(operation(1));
        await expect(store.createOperation(operation(1))).rejects.toMatchObject({ code: "OperationExists" });
        expect(await store.getOperation(operation(1).id)).toEqual(operation(1));
      });

      it("applies every one of many changes made at once", async () => {
        const store = await open();
        const { id } = operation(1);
        await store.createOperation(operation(1, { request: { count: 0 } }));
        await Promise.all(
          Array.from({ length: 8 }, () =>
            store.updateOperation(id, (current) => ({
              ...current,
              request: { count: Number(current.request.count) + 1 },
            })),
          ),
        );
        expect(await store.getOperation(id)).toMatchObject({ request: { count: 8 }, revision: 9 });
      });

      it("writes nothing when the change is undefined", async () => {
        const store = await open();
        await store.createOperation(operation(1));
        const same = await store.updateOperation(operation(1).id, () => undefined);
        expect(same.revision).toBe(1);
        await expect(store.updateOperation("op-none", () => undefined)).rejects.toMatchObject({
          code: "OperationNotFound",
        });
      });

      it("lists the newest first, active and ended ones in one order", async () => {
        const store = await open();
        const statuses: OperationStatus[] = ["Succeeded", "Running", "Failed", "Pending", "Cancelled"];
        for (const [i, status] of statuses.entries())
          await store.createOperation(operation(i + 1, { status }));
        const pages = await allPages((nextToken) =>
          store.listOperations({ limit: 2, ...(nextToken ? { nextToken } : {}) }),
        );
        expect(pages.map((page) => page.map((o) => (o as Operation).status))).toEqual([
          ["Cancelled", "Pending"],
          ["Failed", "Running"],
          ["Succeeded"],
        ]);
      });

      it("lists by cluster and by status, full pages also where most do not match", async () => {
        const store = await open();
        for (let n = 1; n <= 12; n++)
          await store.createOperation(
            operation(n, {
              cluster: ref(n % 2 === 0 ? "prod-1" : "other"),
              status: n % 3 === 0 ? "Failed" : "Running",
            }),
          );
        const ids = (items: readonly unknown[]) => items.map((o) => Number((o as Operation).id.slice(-4)));
        const mine = await allPages((nextToken) =>
          store.listOperations({ cluster: ref(), limit: 4, ...(nextToken ? { nextToken } : {}) }),
        );
        expect(mine.map(ids)).toEqual([
          [12, 10, 8, 6],
          [4, 2],
        ]);
        const failed = await store.listOperations({ cluster: ref(), status: "Failed", limit: 1 });
        expect(ids(failed.items)).toEqual([12]);
        expect(failed.nextToken).toBeDefined();
        const running = await store.listOperations({ status: "Running", limit: 20 });
        expect(ids(running.items)).toEqual([11, 10, 8, 7, 5, 4, 2, 1]);
        expect(running.nextToken).toBeUndefined();
      });

      it("moves an operation among the ended ones when its status says so", async () => {
        const store = await open();
        await store.createOperation(operation(1));
        await store.updateOperation(operation(1).id, (current) => ({ ...current, status: "Failed" }));
        expect((await store.listOperations({ status: "Pending", limit: 5 })).items).toEqual([]);
        expect((await store.listOperations({ status: "Failed", limit: 5 })).items).toHaveLength(1);
      });
    });

    describe("events", () => {
      it("are numbered without a gap, whoever writes at the same time", async () => {
        const store = await open();
        await Promise.all(Array.from({ length: 12 }, (_, i) => store.appendEvent("op-1", note(`n${i}`))));
        const events = await store.listEvents("op-1", 0, 100);
        expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        expect(new Set(events.map((event) => event.message)).size).toBe(12);
      });

      it("are read after a cursor, the oldest first, and of one operation only", async () => {
        const store = await open();
        for (let i = 1; i <= 11; i++) await store.appendEvent("op-1", note(`n${i}`));
        await store.appendEvent("op-10", note("other"));
        const events = await store.listEvents("op-1", 8, 2);
        expect(events.map((event) => event.message)).toEqual(["n9", "n10"]);
        expect(await store.listEvents("op-1", 11, 5)).toEqual([]);
      });

      it("go on from a log that another process has continued", async () => {
        const store = await open();
        await store.appendEvent("op-1", note("first"));
        await store.appendEvent("op-1", note("second"));
        expect((await store.appendEvent("op-1", note("third"))).seq).toBe(3);
      });
    });

    describe("leases", () => {
      const lease = (operationId: string) => ({
        operationId,
        operationType: "upgrade-cluster" as const,
        acquiredAt: "2026-11-20T09:00:00.000Z",
      });

      it("are held by one operation, which may take its own again", async () => {
        const store = await open();
        await store.acquireLease(ref(), lease("op-1"));
        await store.acquireLease(ref(), { ...lease("op-1"), executionArn: "arn:1" });
        await expect(store.acquireLease(ref(), lease("op-2"))).rejects.toMatchObject({
          code: "ClusterBusy",
          retryable: false,
          detail: { operationId: "op-1" },
        });
        expect(await store.getLease(ref())).toMatchObject({ executionArn: "arn:1" });
        expect(await store.listLeases()).toEqual([
          { ref: ref(), lease: { ...lease("op-1"), executionArn: "arn:1" } },
        ]);
      });

      it("go to exactly one of many who ask at once", async () => {
        const store = await open();
        const asked = await Promise.allSettled(
          Array.from({ length: 6 }, (_, i) => store.acquireLease(ref(), lease(`op-${i}`))),
        );
        expect(asked.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
      });

      it("are released by their holder only", async () => {
        const store = await open();
        await store.acquireLease(ref(), lease("op-1"));
        await store.releaseLease(ref(), "op-2");
        expect(await store.getLease(ref())).toBeDefined();
        await store.releaseLease(ref(), "op-1");
        await store.releaseLease(ref(), "op-1");
        expect(await store.getLease(ref())).toBeUndefined();
        await store.acquireLease(ref(), lease("op-2"));
      });
    });

    it("gives each task token to one taker", async () => {
      const store = await open();
      for (const token of ["a", "b", "a"]) await store.putTaskToken("op-1", token);
      const taken = await Promise.all([store.takeTaskTokens("op-1"), store.takeTaskTokens("op-1")]);
      expect(taken.flat().sort()).toEqual(["a", "b"]);
      expect(await store.takeTaskTokens("op-1")).toEqual([]);
    });

    it("remembers the first operation of an idempotency key", async () => {
      const store = await open();
      const until = Date.parse("2026-11-21T09:00:00Z");
      expect(await store.rememberRequest("key", "op-1", until)).toBeUndefined();
      expect(await store.rememberRequest("key", "op-2", until)).toBe("op-1");
      expect(await store.rememberRequest("other", "op-3", until)).toBeUndefined();
    });

    it("notes probe events by their id", async () => {
      const store = await open();
      const probe = {
        id: "p-1",
        account: "444455556666",
        region: "eu-west-1",
        arrivedAt: "2026-11-20T09:00:00.000Z",
      };
      expect(await store.getProbe("p-1")).toBeUndefined();
      await store.putProbe(probe, Date.parse(probe.arrivedAt) + 3_600_000);
      await store.putProbe(probe, Date.parse(probe.arrivedAt) + 3_600_000);
      expect(await store.getProbe("p-1")).toEqual(probe);
      expect(await store.getProbe("p-2")).toBeUndefined();
    });

    describe("documents", () => {
      it("are changed under an optimistic lock, by everybody who asks at once", async () => {
        const store = await open();
        const raise = (current: unknown) => ({ value: { n: ((current as { n?: number })?.n ?? 0) + 1 } });
        await Promise.all(Array.from({ length: 5 }, () => store.updateDocument("policies", "gentle", raise)));
        expect(await store.getDocument("policies", "gentle")).toEqual({
          name: "gentle",
          value: { n: 5 },
          revision: 5,
        });
        expect(await store.updateDocument("policies", "gentle", () => undefined)).toMatchObject({
          revision: 5,
        });
        expect(await store.updateDocument("policies", "none", () => undefined)).toBeUndefined();
      });

      it("are listed by collection in pages, and deleted", async () => {
        const store = await open();
        for (const name of ["c", "a", "b"])
          await store.updateDocument("windows", name, () => ({ value: name, expiresAt: 4_000_000_000_000 }));
        await store.updateDocument("windows/x", "a", () => ({ value: 1 }));
        const first = await store.listDocuments("windows", { limit: 2 });
        expect(first.items.map((item) => item.value)).toEqual(["a", "b"]);
        const rest = await store.listDocuments("windows", { limit: 2, nextToken: first.nextToken ?? "" });
        expect(rest).toEqual({ items: [{ name: "c", value: "c", revision: 1 }] });
        await store.deleteDocument("windows", "c");
        await store.deleteDocument("windows", "c");
        expect(await store.getDocument("windows", "c")).toBeUndefined();
      });
    });

    it("gives a claim to one taker", async () => {
      const store = await open();
      const taken = await Promise.all([1, 2, 3].map(() => store.claim("event-1", 4_000_000_000_000)));
      expect(taken.filter(Boolean)).toHaveLength(1);
      expect(await store.claim("event-2", 4_000_000_000_000)).toBe(true);
    });
  });
}
