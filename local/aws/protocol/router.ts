import { AwsError } from "../contract.ts";
import { memo } from "../memo.ts";
import type { Operation, ServiceModel } from "../model/service-model.ts";

interface Node {
  readonly literals: Map<string, Node>;
  label: Node | undefined;
  /** Operations that end here, by method; several differ by a constant query parameter. */
  readonly ends: Map<string, Route[]>;
  /** Operations whose last label takes the rest of the path. */
  readonly greedy: Map<string, Route[]>;
}

interface Route {
  readonly operation: Operation;
  /** Names of the labels in the order of their segments. */
  readonly labels: readonly string[];
  readonly query: readonly (readonly [string, string])[];
}

export interface Match {
  readonly operation: Operation;
  /** Label values, percent-decoded. */
  readonly labels: Readonly<Record<string, string>>;
}

const node = (): Node => ({ literals: new Map(), label: undefined, ends: new Map(), greedy: new Map() });

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new AwsError("BadRequestException", `The path segment ${segment} is not valid percent-encoding`);
  }
};

/** Finds the operation of a REST request: literal segments win over labels, labels over greedy ones. */
export class Router {
  readonly #root = node();

  constructor(operations: Iterable<Operation>) {
    for (const operation of operations) if (operation.http) this.#add(operation, operation.http);
  }

  /** The operation of a method and a raw path; undefined when there is none. */
  match(
    method: string,
    path: string,
    query: Readonly<Record<string, string | readonly string[]>>,
  ): Match | undefined {
    const segments = path.split("/").slice(1);
    if (segments.length > 1 && segments.at(-1) === "") segments.pop();
    const pick = (routes: readonly Route[] | undefined): Route | undefined =>
      routes?.find((route) => route.query.every(([name, value]) => (query[name] ?? undefined) === value));
    const search = (at: Node, index: number, values: readonly string[]): Match | undefined => {
      const segment = segments[index];
      if (segment === undefined) {
        const route = pick(at.ends.get(method));
        return route && { operation: route.operation, labels: zip(route.labels, values) };
      }
      const literal = at.literals.get(segment);
      const found = literal && search(literal, index + 1, values);
      if (found) return found;
      if (at.label && segment !== "") {
        const labelled = search(at.label, index + 1, [...values, decode(segment)]);
        if (labelled) return labelled;
      }
      const greedy = pick(at.greedy.get(method));
      return (
        greedy && {
          operation: greedy.operation,
          labels: zip(greedy.labels, [...values, segments.slice(index).map(decode).join("/")]),
        }
      );
    };
    return search(this.#root, 0, []);
  }

  #add(operation: Operation, http: NonNullable<Operation["http"]>): void {
    const [path = "", constants = ""] = http.path.split("?");
    const query = [...new URLSearchParams(constants)];
    const labels: string[] = [];
    let at = this.#root;
    const segments = path.split("/").slice(1);
    if (segments.length > 1 && segments.at(-1) === "") segments.pop();
    for (const segment of segments) {
      const label = /^\{([^}+]+)(\+?)\}$/.exec(segment);
      if (!label) {
        at = memo(at.literals, segment, node);
        continue;
      }
      labels.push(label[1] ?? "");
      if (label[2]) {
        append(at.greedy, http.method, { operation, labels, query });
        return;
      }
      at.label ??= node();
      at = at.label;
    }
    append(at.ends, http.method, { operation, labels, query });
  }
}

/** Routes with constant query parameters come first: they are the more special ones. */
function append(routes: Map<string, Route[]>, method: string, route: Route): void {
  const list = routes.get(method) ?? [];
  list.push(route);
  list.sort((a, b) => b.query.length - a.query.length);
  routes.set(method, list);
}

const zip = (names: readonly string[], values: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));

const routers = new WeakMap<ServiceModel, Router>();

export const routerOf = (model: ServiceModel): Router =>
  memo(routers, model, () => new Router(model.operations.values()));
