import type { Scope, ServiceHandlers } from "../../aws/contract.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { busArn, type Place, parseBusArn } from "../place.ts";
import { alreadyExists, checkText, notFound, page, validation } from "./api-errors.ts";
import { type BusDocument, type BusDocuments, busKey } from "./documents.ts";

type EventBridge = ServiceHandlers<typeof import("@aws-sdk/client-eventbridge")>;

const BUS_NAME = /^[/.\-_A-Za-z0-9]+$/;

/** The bus a request means: a name in the caller's place, an ARN, or the default bus. */
export function busReference(name: string | undefined, scope: Place): { place: Place; name: string } {
  const here = { account: scope.account, region: scope.region };
  if (name === undefined) return { place: here, name: "default" };
  return parseBusArn(name) ?? { place: here, name };
}

/** The bus a request means; it must exist. */
export function existingBus(documents: BusDocuments, name: string | undefined, scope: Place): BusDocument {
  const reference = busReference(name, scope);
  const bus = documents.bus(reference.place, reference.name);
  if (!bus) throw notFound(`Event bus ${reference.name} does not exist.`);
  return bus;
}

const described = (bus: BusDocument) => ({
  Name: bus.name,
  Arn: busArn(bus.place, bus.name),
  ...(bus.description === undefined ? {} : { Description: bus.description }),
  ...(bus.policy === undefined ? {} : { Policy: bus.policy }),
  CreationTime: new Date(bus.createdAt),
  LastModifiedTime: new Date(bus.modifiedAt),
});

interface PolicyStatement {
  readonly Sid?: string;
}

interface Policy {
  readonly Version: string;
  readonly Statement: PolicyStatement[];
}

const policyOf = (bus: BusDocument): Policy =>
  bus.policy === undefined ? { Version: "2012-10-17", Statement: [] } : (JSON.parse(bus.policy) as Policy);

/** Buses, their permissions and tags. */
export function busHandlers(kernel: Kernel, documents: BusDocuments): EventBridge {
  const change = (bus: BusDocument, by: (bus: BusDocument) => void): void => {
    by(bus);
    bus.modifiedAt = kernel.clock.now();
    documents.buses.touch(busKey(bus.place, bus.name));
  };
  return {
    CreateEventBus(input, scope) {
      const name = checkText(input.Name, "name", 256, BUS_NAME);
      if (name.includes("/") && !name.startsWith("aws.partner/"))
        throw validation("Event bus name must not contain '/'.");
      const place = { account: scope.account, region: scope.region };
      if (documents.bus(place, name)) throw alreadyExists(`Event bus ${name} already exists.`);
      const now = kernel.clock.now();
      documents.buses.set(busKey(place, name), {
        place,
        name,
        createdAt: now,
        modifiedAt: now,
        ...(input.Description === undefined ? {} : { description: input.Description }),
      });
      const arn = busArn(place, name);
      if (input.Tags) setTags(documents, arn, input.Tags);
      return { EventBusArn: arn, ...(input.Description ? { Description: input.Description } : {}) };
    },

    DescribeEventBus: (input, scope) => described(existingBus(documents, input.Name, scope)),

    UpdateEventBus(input, scope) {
      const bus = existingBus(documents, input.Name, scope);
      change(bus, (b) => {
        if (input.Description !== undefined) b.description = input.Description;
      });
      return { Arn: busArn(bus.place, bus.name), Name: bus.name };
    },

    ListEventBuses(input, scope) {
      documents.bus({ account: scope.account, region: scope.region }, "default");
      const buses = [...documents.buses.values()]
        .filter((b) => b.place.account === scope.account && b.place.region === scope.region)
        .filter((b) => b.name.startsWith(input.NamePrefix ?? ""))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const { items, next } = page(buses, input.NextToken, input.Limit);
      return { EventBuses: items.map(described), ...next };
    },

    DeleteEventBus(input, scope) {
      const { place, name } = busReference(checkText(input.Name, "name", 256), scope);
      if (name === "default") throw validation("Cannot delete event bus default.");
      if (documents.rulesOf(place, name).length > 0)
        throw validation("Event bus can't be deleted since it has rules.");
      documents.buses.delete(busKey(place, name));
      documents.tags.delete(busArn(place, name));
      return {};
    },

    PutPermission(input, scope) {
      const bus = existingBus(documents, input.EventBusName, scope);
      if (input.Policy !== undefined) {
        const policy = input.Policy;
        change(bus, (b) => {
          b.policy = policy;
        });
        return {};
      }
      const { Principal: principal, Action: action, StatementId: sid } = input;
      if (!principal || !action || !sid)
        throw validation("Parameters Action, Principal and StatementId, or Policy, must be specified.");
      const policy = policyOf(bus);
      const statement = {
        Sid: sid,
        Effect: "Allow",
        Principal: principal === "*" ? "*" : { AWS: `arn:aws:iam::${principal}:root` },
        Action: action,
        Resource: busArn(bus.place, bus.name),
      };
      change(bus, (b) => {
        b.policy = JSON.stringify({
          ...policy,
          Statement: [...policy.Statement.filter((s) => s.Sid !== sid), statement],
        });
      });
      return {};
    },

    RemovePermission(input, scope) {
      const bus = existingBus(documents, input.EventBusName, scope);
      const policy = policyOf(bus);
      const kept = input.RemoveAllPermissions
        ? []
        : policy.Statement.filter((s) => s.Sid !== input.StatementId);
      if (!input.RemoveAllPermissions && kept.length === policy.Statement.length)
        throw notFound("Statement with the provided id does not exist.");
      change(bus, (b) => {
        if (kept.length === 0) delete b.policy;
        else b.policy = JSON.stringify({ ...policy, Statement: kept });
      });
      return {};
    },

    TagResource(input) {
      setTags(documents, checkText(input.ResourceARN, "resourceARN", 1600), input.Tags ?? []);
      return {};
    },

    UntagResource(input) {
      const arn = checkText(input.ResourceARN, "resourceARN", 1600);
      const gone = new Set(input.TagKeys ?? []);
      const tags = Object.entries(documents.tags.get(arn) ?? {}).filter(([key]) => !gone.has(key));
      documents.tags.set(arn, Object.fromEntries(tags));
      return {};
    },

    ListTagsForResource(input: { ResourceARN?: string | undefined }, _scope: Scope) {
      const tags = documents.tags.get(checkText(input.ResourceARN, "resourceARN", 1600)) ?? {};
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

export function setTags(
  documents: BusDocuments,
  arn: string,
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[],
): void {
  const all = { ...documents.tags.get(arn) };
  for (const { Key, Value } of tags) if (Key !== undefined) all[Key] = Value ?? "";
  documents.tags.set(arn, all);
}
