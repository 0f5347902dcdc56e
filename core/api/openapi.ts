import * as z from "zod";
import { type ApiRoute, routes } from "./routes.ts";
import * as schemas from "./schemas.ts";

type Json = Readonly<Record<string, unknown>>;

/** Every named schema, once, for `components.schemas`. */
function components(): Json {
  const registry = z.registry<{ id: string }>();
  const ofRoutes = (Object.values(routes) as ApiRoute[]).flatMap((route) => [
    ...(route.body && route.body !== "cluster-file" ? [route.body] : []),
    ...Object.values(route.responses).flatMap(({ schema }) => schema ?? []),
  ]);
  for (const schema of new Set<z.ZodType>([...Object.values(schemas), ...ofRoutes])) {
    const id = schema.meta()?.id;
    if (id) registry.add(schema, { id });
  }
  const { schemas: generated } = z.toJSONSchema(registry, {
    target: "draft-2020-12",
    uri: (id) => `#/components/schemas/${id}`,
    io: "input",
  });
  // Schemas with an id that only others use: zod collects them under one name, here each is a component as well.
  const { __shared: shared, ...own } = generated as Record<string, Json & { $defs?: Record<string, Json> }>;
  const all = Object.entries({ ...shared?.$defs, ...own });
  const text = JSON.stringify(
    Object.fromEntries(all.map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema])),
  );
  return JSON.parse(
    text.replaceAll("#/components/schemas/__shared#/$defs/", "#/components/schemas/"),
  ) as Json;
}

const reference = (schema: z.ZodType): Json => {
  const id = schema.meta()?.id;
  if (!id) throw new Error("a schema of a body needs an id");
  return { $ref: `#/components/schemas/${String(id)}` };
};

function parameters(route: ApiRoute): Json[] {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
    ...(name === "cluster"
      ? { description: "Name, or account:region:name where the name alone is not unique." }
      : {}),
  }));
  const properties = route.query
    ? ((z.toJSONSchema(route.query, { io: "input" }) as { properties?: Record<string, Json> }).properties ??
      {})
    : {};
  const inQuery = Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    required: false,
    schema,
    ...(description ? { description } : {}),
  }));
  const headers =
    route.method === "GET"
      ? []
      : [
          {
            name: "Idempotency-Key",
            in: "header",
            required: false,
            schema: { type: "string", maxLength: 128 },
            description: "The same key starts the operation once.",
          },
        ];
  return [...inPath, ...inQuery, ...headers];
}

function requestBody(route: ApiRoute): Json {
  if (!route.body) return {};
  const schema =
    route.body === "cluster-file"
      ? {
          type: "object",
          description: "ClusterConfig (eksctl.io/v1alpha5) and, after it, an AutomationPolicy.",
        }
      : reference(route.body);
  return {
    requestBody: {
      required: route.body === "cluster-file",
      content: { "application/json": { schema }, "application/yaml": { schema } },
    },
  };
}

/** The OpenAPI 3.1 document of the API. */
export function openApi(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of Object.values(routes) as ApiRoute[]) {
    const responses: Record<string, Json> = {};
    for (const [status, response] of Object.entries(route.responses)) {
      responses[status] = {
        description: response.description,
        ...(response.schema
          ? { content: { "application/json": { schema: reference(response.schema) } } }
          : {}),
      };
    }
    responses.default = {
      description: "A problem.",
      content: { "application/problem+json": { schema: reference(schemas.Problem) } },
    };
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: {
        operationId: route.id,
        summary: route.summary,
        parameters: parameters(route),
        ...requestBody(route),
        responses,
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Slipway", version, summary: "Automation for fleets of Amazon EKS clusters" },
    paths,
    components: { schemas: components() },
  };
}
