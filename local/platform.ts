import { join } from "node:path";
import type { Runtime } from "../adapters/runtime.ts";
import type { FunctionDeclaration } from "../core/declaration.ts";
import type { Store } from "../core/ports/store.ts";
import { apiFunctions, apiRoutes } from "../functions/api/platform.ts";
import { functions } from "../functions/platform.ts";
import { rules } from "../functions/rules.ts";
import { workflows } from "../workflows/platform.ts";
import type { Engine } from "./asl/contract.ts";
import { createEngine } from "./asl/engine.ts";
import { inMemoryClientConfig } from "./aws/client-config.ts";
import type { AwsEndpoint } from "./aws/contract.ts";
import { createDynamo, type Dynamo } from "./aws/dynamo.ts";
import { createEndpoint, type ServiceDefect } from "./aws/endpoint.ts";
import { createSdkIntegrations } from "./aws/sdk-integrations.ts";
import { createServices } from "./aws/services/services.ts";
import { createSessions } from "./aws/sessions.ts";
import { lockData } from "./data-lock.ts";
import { createDeliver } from "./deliver.ts";
import { deploy, deployPlane } from "./deploy.ts";
import { createEvents, type Events } from "./events/events.ts";
import { cloudTrailEvents } from "./events/sources/cloud-trail.ts";
import { executionStatusEvents } from "./events/sources/execution-status.ts";
import { furnish } from "./furnish.ts";
import { createGateway, type Gateway } from "./gateway/gateway.ts";
import { localIdentity, USER_HEADER } from "./gateway/identity.ts";
import { createKernel, type Kernel, type KernelOptions } from "./kernel/kernel.ts";
import { inMemoryKubernetes } from "./kubernetes-transport.ts";
import { createLambda, type FunctionModule, type Lambda } from "./lambda/lambda.ts";
import { BUS, functionName, HOME, type Home, roleArn, STAGE, TABLE, workflowArnPrefix } from "./names.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { clusterOf, createPlanes } from "./planes.ts";
import { createRelays, refusePrivate } from "./relays.ts";
import { createAutoscaler } from "./world/autoscaler.ts";
import { createEks } from "./world/eks/eks.ts";
import { createFaults, type Faults } from "./world/faults.ts";
import { createFieldFaults } from "./world/field-faults.ts";
import { eventResources } from "./world/infra/cloudformation/event-resources.ts";
import { createInfra } from "./world/infra/infra.ts";
import { createKubernetes } from "./world/kubernetes/kubernetes.ts";
import type { KubernetesWorld } from "./world/kubernetes-contract.ts";
import { createNodes } from "./world/nodes/nodes.ts";
import type { Troubles } from "./world/nodes/troubles.ts";

/** Every function that is deployed, here and on AWS. */
export const declaredFunctions: readonly FunctionDeclaration[] = [...functions, ...apiFunctions];

export interface PlatformOptions {
  readonly time: KernelOptions["time"];
  readonly seed?: number;
  /** Folder of the journal and the table; without it everything ends with the process. */
  readonly data?: string;
  /** State to begin with, from `kernel.durable.dump()` of another platform: saves simulations the way there. */
  readonly checkpoint?: string;
  /** Keeps Slipway's own state here instead of in the embedded DynamoDB. */
  readonly store?: Store;
  /** What managed accounts ask for (docs/deploy.md); without it Slipway manages its own account only. */
  readonly externalId?: string;
  /**
   * Regions to work in beside the home region. Without it every region that a request names is taken up when it is
   * first named: whoever tries a file should not have to know.
   */
  readonly regions?: readonly string[];
  /**
   * `closed`: an API server without a public endpoint answers only what comes from its VPC, as on AWS. Otherwise
   * everybody reaches it, so that files with private endpoints can be tried.
   */
  readonly privateEndpoints?: "closed" | "open";
  /** Base URL of the wire endpoint, as clusters announce their Kubernetes API. */
  readonly endpointUrl?: string;
  /** Loads a function in another way than from its source: as a bundle. */
  readonly load?: (declaration: FunctionDeclaration) => Promise<FunctionModule>;
  /** Whether things that applied files say exist are brought into the simulated account. Default: true. */
  readonly furnish?: boolean;
  /** Whether functions' SDK clients hand objects over instead of bytes: saves simulations a third of their time. */
  readonly direct?: boolean;
  readonly onDefect?: (defect: ServiceDefect) => void;
  /** Told why a function behind the API could not answer. Default: standard error. */
  readonly onFailure?: (error: unknown) => void;
  /** Takes the log lines of functions; without it they are dropped (an operation's record says what failed). */
  readonly log?: Runtime["log"];
}

/** The embedded platform: AWS, Kubernetes and Slipway in one process. */
export interface Platform {
  readonly kernel: Kernel;
  readonly home: Home;
  readonly endpoint: AwsEndpoint;
  readonly kubernetes: KubernetesWorld;
  readonly engine: Engine;
  readonly lambda: Lambda;
  readonly events: Events;
  readonly faults: Faults;
  /** What happens to machines that nobody asked for. */
  readonly troubles: Troubles;
  /** The API, without a socket. */
  /** What went to services outside of AWS: nothing leaves the machine. */
  readonly outbox: Outbox;
  readonly gateway: Gateway;
  /** Stops the clock and closes journal and table. */
  close(): Promise<void>;
}

/** Where people reach the API unless `SLIPWAY_PORT` says otherwise: for links only. */
const LOCAL_API_URL = "http://127.0.0.1:4300";

/** Where the endpoint is said to be when no socket is open. */
const IN_MEMORY_URL = "http://127.0.0.1:4566";

/**
 * Starts a platform: joins the parts, deploys what is declared, goes on with what the journal says was running.
 *
 * @throws {DataInUseError} when another platform works on the folder of its state.
 */
export async function createPlatform(options: PlatformOptions): Promise<Platform> {
  const { data } = options;
  const lock = data ? await lockData(data) : undefined;
  const kernel = createKernel({
    time: options.time,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(data ? { journal: join(data, "journal.ndjson") } : {}),
    ...(options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint }),
  });
  const home = HOME;
  const endpointUrl = options.endpointUrl ?? IN_MEMORY_URL;
  const endpoint = createEndpoint({
    kernel,
    ...home,
    ...(options.onDefect ? { onDefect: options.onDefect } : {}),
  });
  const faults = createFaults();
  const kubernetes = createKubernetes({ kernel, faults });
  const events = createEvents({ kernel, deliver: createDeliver(endpoint) });
  const reach = (fromVpc: string | undefined) =>
    inMemoryKubernetes(kubernetes, (cluster) => {
      if (options.privateEndpoints === "closed") refusePrivate(eks.handlers, cluster, fromVpc);
    });
  const relays = createRelays(kernel, reach);
  const infra = createInfra({
    kernel,
    kubernetes,
    faults,
    resources: { ...eventResources(events.eventbridge), ...relays.resources },
  });
  const eks = createEks({ kernel, kubernetes, infra, faults, endpoint: endpointUrl });
  const dynamo: Dynamo = createDynamo({ kernel, ...(data ? { path: join(data, "table") } : {}) });
  const services = createServices({ kernel, trust: infra.trusts, faults });
  const engine = createEngine({ kernel, endpoint, sdk: createSdkIntegrations(endpoint) });
  const lambda = createLambda({ kernel, endpoint });

  endpoint.serve("eks", eks.handlers);
  endpoint.serve("ec2", infra.ec2);
  endpoint.serve("auto-scaling", infra.autoScaling);
  endpoint.serve("iam", infra.iam);
  endpoint.serve("cloudformation", infra.cloudformation);
  endpoint.serve("dynamodb", dynamo.handlers);
  endpoint.serve("sts", services.sts);
  endpoint.serve("sns", services.sns);
  endpoint.serve("cloudwatch-logs", services.logs);
  endpoint.serve("cloudtrail", services.cloudTrail.handlers);
  endpoint.serve("service-quotas", services.serviceQuotas);
  endpoint.serve("eventbridge", events.eventbridge);
  endpoint.serve("scheduler", events.scheduler);
  endpoint.serve("sfn", engine.handlers);
  const { Invoke } = lambda.handlers;
  endpoint.serve("lambda", { ...lambda.handlers, ...(Invoke ? { Invoke: relays.invoke(Invoke) } : {}) });

  cloudTrailEvents({ kernel, endpoint, events, faults, logging: services.cloudTrail.logging });
  executionStatusEvents(engine, events);
  createAutoscaler({ kernel, kubernetes, infra });
  const troubles = createNodes({ kernel, endpoint, events, infra, kubernetes, faults });
  createFieldFaults({ kernel, endpoint, infra, kubernetes, faults });

  const declared = declaredFunctions;
  // One list for every runtime: it grows with the planes.
  const regions = [home.region];
  const planes = createPlanes({
    kernel,
    lambda,
    regions,
    wanted: options.regions,
    deploy: (region) =>
      deployPlane({ endpoint, home, regions, functions: declared, workflows, rules }, region),
  });
  const outbox = createOutbox();
  const load = options.load ?? (({ module }) => import(/* @vite-ignore */ moduleUrl(module)));
  const runtimes = runtimeFactory({
    kernel,
    endpoint,
    transport: reach(undefined),
    home,
    regions,
    store: options.store,
    externalId: options.externalId,
    log: options.log ?? (() => {}),
    direct: options.direct ?? false,
    outbox,
  });
  for (const declaration of declared) {
    const runtime = runtimes(declaration);
    lambda.register(
      declaration,
      () => load(declaration),
      () => runtime,
    );
  }
  await lambda.ready();
  kernel.timers.start();
  // A checkpoint holds what was deployed; doing it again would be a tenth of a short simulation.
  if (options.checkpoint === undefined)
    await kernel.clock.until(deploy({ endpoint, home, regions, functions: declared, workflows, rules }));
  await kernel.clock.until(planes.open());
  engine.resume();

  const gateway = createGateway({
    kernel,
    routes: apiRoutes,
    account: home.account,
    identity: (request) => localIdentity(home.account, request.headers.get(USER_HEADER)),
    async invoke(name, event) {
      const cluster = clusterOf(home, event);
      if (name === "api-apply-cluster" || name === "api-adopt-cluster") await planes.need(cluster.region);
      if (name === "api-apply-cluster" && (options.furnish ?? true))
        furnishFor({ infra, kernel }, cluster, event);
      return answerOf(lambda, functionName(name), event);
    },
    onFailure: options.onFailure ?? ((error) => console.error("API function failed:", error)),
  });
  return {
    kernel,
    home,
    endpoint,
    kubernetes,
    engine,
    lambda,
    events,
    faults,
    troubles,
    outbox,
    gateway,
    async close() {
      kernel.clock.stop();
      kernel.durable.close();
      await dynamo.close();
      await lock?.release();
    },
  };
}

/** Brings in what the file of a request says is there already. */
function furnishFor(parts: Parameters<typeof furnish>[0], place: Home, event: unknown): void {
  const { body } = event as { readonly body?: string };
  if (body !== undefined) furnish(parts, [place], body);
}

/** Modules are named from the project's root. */
const moduleUrl = (path: string): string => new URL(`../${path}`, import.meta.url).href;

/** What a function answered; an error of the function itself is one of the gateway's too. */
async function answerOf(lambda: Lambda, name: string, event: unknown): Promise<unknown> {
  const outcome = await lambda.invoke(name, event);
  if (outcome.functionError) throw new Error(`function ${name} failed: ${outcome.payload}`);
  return JSON.parse(outcome.payload);
}

/** The runtime of each function: its own role's keys, the platform's clock and chance, memory instead of sockets. */
function runtimeFactory(parts: {
  readonly kernel: Kernel;
  readonly endpoint: AwsEndpoint;
  readonly transport: Runtime["kubernetes"];
  readonly home: Home;
  readonly regions: readonly string[];
  readonly store: Store | undefined;
  readonly externalId: string | undefined;
  readonly log: NonNullable<Runtime["log"]>;
  readonly direct: boolean;
  readonly outbox: Outbox;
}) {
  const { kernel, endpoint, home, direct } = parts;
  const { clock, random, ids } = kernel;
  const sessions = createSessions(kernel);
  const { transport } = parts;
  return (declaration: FunctionDeclaration): Runtime => {
    const name = functionName(declaration.name);
    const credentials = sessions.issue({
      roleArn: roleArn(home, declaration.name),
      sessionName: name,
      caller: `function/${declaration.name}`,
    });
    return Object.freeze({
      clock,
      random,
      ids,
      config: {
        stage: STAGE,
        account: home.account,
        region: home.region,
        regions: parts.regions,
        table: TABLE,
        bus: BUS,
        workflowArnPrefix: workflowArnPrefix(home),
        logLevel: "ERROR",
        apiUrl: LOCAL_API_URL,
        ...(parts.externalId === undefined ? {} : { externalId: parts.externalId }),
      },
      aws: inMemoryClientConfig({ endpoint, clock, random, region: home.region, credentials, direct }),
      kubernetes: transport,
      http: parts.outbox.http,
      secrets: parts.outbox.readSecret,
      ...(parts.store ? { store: parts.store } : {}),
      log: parts.log,
    } satisfies Runtime);
  };
}
