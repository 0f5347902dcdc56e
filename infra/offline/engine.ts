import { type Answers, answersOf, type Place } from "./answers.ts";
import type { Resource } from "./graph.ts";

/** The parts of @pulumi/pulumi that are used here; it is installed with SST's platform, not with the project. */
export interface Pulumi {
  readonly runtime: {
    setMocks(mocks: object, project: string, stack: string, preview: boolean, organization: string): void;
    setAllConfig(config: Readonly<Record<string, string>>): void;
    runInPulumiStack(program: () => Promise<unknown>): Promise<unknown>;
    registerStackTransformation(
      transformation: (args: { readonly type: string; readonly name: string }) => undefined,
    ): void;
  };
}

/** A registration as Pulumi's mocks see it: parent and options are in the request alone. */
interface Request {
  getParent(): string;
  /** `urn::id` of the provider; empty for the default one. */
  getProvider?(): string;
  getProtect?(): boolean;
  getRetainondelete?(): boolean;
}

type Method = (this: unknown, request: Request, done: unknown) => unknown;

interface MockMonitor {
  readonly prototype: Record<"registerResource" | "readResource", Method> & {
    newUrn(this: unknown, parent: string, type: string, name: string): string;
  };
}

interface Registration {
  readonly type: string;
  readonly name: string;
  readonly custom?: boolean;
  readonly id?: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Stands in for Pulumi's engine: answers as AWS would, and writes down what is registered. */
export interface Engine {
  readonly pulumi: Pulumi;
  readonly resources: readonly Resource[];
  /** Provider functions that were called and are not known. */
  readonly unknownCalls: readonly string[];
  /** Answers that could not be given; Pulumi keeps such messages to itself. */
  readonly failures: readonly string[];
}

export function startEngine(
  load: (module: string) => unknown,
  options: Place & { readonly project: string; readonly stage: string },
): Engine {
  const pulumi = load("@pulumi/pulumi") as Pulumi;
  const { MockMonitor } = load("@pulumi/pulumi/runtime/mocks") as { MockMonitor: MockMonitor };
  const answersIn = (region: string): Answers => answersOf({ ...options, region });
  /** Regions of the providers that the program makes, by their names. */
  const providers = new Map<string, string>();
  const regionOf = (provider: string | undefined): string =>
    providers.get(provider?.split("::")[3] ?? "") ?? options.region;
  const resources: Resource[] = [];
  const unknownCalls: string[] = [];
  const failures: string[] = [];

  let request: Request | undefined;
  for (const method of ["registerResource", "readResource"] as const) {
    const original = MockMonitor.prototype[method];
    MockMonitor.prototype[method] = function (this: unknown, given, done) {
      // `newResource` below is called before this returns.
      request = given;
      return original.call(this, given, done);
    };
  }
  // The engine leaves the stack out of the types that a name is qualified with; the mocks do not.
  const newUrn = MockMonitor.prototype.newUrn;
  MockMonitor.prototype.newUrn = function (this: unknown, parent, type, name) {
    return newUrn.call(this, parent.split("::")[2] === "pulumi:pulumi:Stack" ? "" : parent, type, name);
  };

  const newResource = ({ type, name, custom = false, id, inputs: given }: Registration) => {
    const inputs = revealed(given) as Readonly<Record<string, unknown>>;
    if (type.startsWith("pulumi:providers:")) {
      const region = String(inputs.region ?? options.region);
      providers.set(name, region);
      const id = `${name}-id`;
      resources.push({ ...NOTHING, type, name, region, custom, inputs, id });
      return { id, state: inputs };
    }
    const region = regionOf(request?.getProvider?.());
    const entry = (assigned: string | undefined): Resource => ({
      type,
      name,
      region,
      custom,
      inputs,
      id: assigned,
      // Only what is read comes with an id; what is new with "".
      existing: Boolean(id),
      parent: request?.getParent().split("::").at(-1) || undefined,
      retainOnDelete: request?.getRetainondelete?.() === true,
      protect: request?.getProtect?.() === true,
    });
    if (!custom) {
      resources.push(entry(undefined));
      return { id: undefined, state: inputs };
    }
    try {
      const answer = answersIn(region).created(type, name, inputs);
      const assigned = id || answer.id;
      resources.push(entry(assigned));
      return { id: assigned, state: answer.state };
    } catch (error) {
      failures.push(String(error));
      throw error;
    }
  };
  const call = ({
    token,
    inputs,
    provider,
  }: {
    token: string;
    inputs: Readonly<Record<string, unknown>>;
    provider?: string;
  }) => {
    const answer = answersIn(regionOf(provider)).invoked(token, inputs);
    if (answer) return answer;
    unknownCalls.push(token);
    throw new Error(`what AWS answers to ${token} is not known (infra/offline/answers.ts)`);
  };
  pulumi.runtime.setMocks({ newResource, call }, options.project, options.stage, false, "organization");
  pulumi.runtime.setAllConfig({ "aws:region": options.region });
  return { pulumi, resources, unknownCalls, failures };
}

const NOTHING = { parent: undefined, retainOnDelete: false, protect: false, existing: false } as const;

/** The mark of a secret in Pulumi's wire format. */
const SECRET = "4dabf18193072939515e22adb298388d";

/** Inputs without the wrapping of secrets. */
function revealed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(revealed);
  if (SECRET in value && "value" in value) return revealed(value.value);
  // Archives of code are objects of Pulumi's own: they stay as they are.
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "__provider")
      .map(([key, member]) => [key, revealed(member)]),
  );
}
