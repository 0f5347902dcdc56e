import type { NodeTaint } from "../../kubernetes-contract.ts";

/** What a machine makes of its user data when it starts. */
export interface Bootstrap {
  /** The cluster that it joins. */
  readonly cluster: string;
  readonly labels: Record<string, string>;
  readonly taints: NodeTaint[];
}

const decode = (data: string): string =>
  /^[A-Za-z0-9+/=\s]+$/.test(data) && data.length % 4 === 0 ? Buffer.from(data, "base64").toString() : data;

const unquote = (text: string): string => text.replace(/^(['"])(.*)\1$/, "$2");

/** Value of a shell or PowerShell variable that the text sets. */
function variable(text: string, name: string): string | undefined {
  const pattern = new RegExp(
    `(?:export\\s+|\\[string\\]\\$|^\\s*\\$?)${name}\\s*=\\s*('[^']*'|"[^"]*"|\\S+)`,
    "m",
  );
  const [, value] = pattern.exec(text) ?? [];
  return value === undefined ? undefined : unquote(value);
}

const LABELS = /--node-labels[=\s]+(?:["'])?([^\s"']+)/g;
const TAINTS = /--register-with-taints[=\s]+(?:["'])?([^\s"']+)/g;

function taintOf(text: string): NodeTaint[] {
  const [, key, value, effect] =
    /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text) ?? [];
  return key && effect ? [{ key, ...(value ? { value } : {}), effect: effect as NodeTaint["effect"] }] : [];
}

const pairs = (lists: Iterable<RegExpMatchArray>): Record<string, string> =>
  Object.fromEntries(
    [...lists].flatMap(([, list = ""]) =>
      list.split(",").flatMap((pair) => {
        const [key = "", value = ""] = pair.split("=");
        return key === "" || key.startsWith("$") ? [] : [[key, value]];
      }),
    ),
  );

/**
 * Reads user data as the images do: nodeadm's NodeConfig, bootstrap.sh, Bottlerocket's TOML, the PowerShell of
 * Windows. Undefined when nothing in it makes the machine join a cluster.
 */
export function readUserData(data: string | undefined): Bootstrap | undefined {
  if (data === undefined) return undefined;
  const text = decode(data);
  if (/^\[settings/m.test(text)) return bottlerocket(text);
  const flags = {
    labels: pairs(text.matchAll(LABELS)),
    taints: [...text.matchAll(TAINTS)].flatMap(([, list = ""]) => list.split(",").flatMap(taintOf)),
  };
  const cluster = /<powershell>/i.test(text) ? windows(text) : (nodeConfig(text) ?? bootstrapScript(text));
  return cluster === undefined ? undefined : { cluster, ...flags };
}

function nodeConfig(text: string): string | undefined {
  if (!/kind:\s*NodeConfig/.test(text)) return undefined;
  const [, body = ""] = /\n\s*cluster:\s*\n((?:\s{4,}\S.*\n)+)/.exec(text) ?? [];
  const name = /^\s*name:\s*(\S+)/m.exec(body)?.[1];
  const complete = /apiServerEndpoint:\s*\S/.test(body) && /certificateAuthority:\s*\S/.test(body);
  return name && complete ? unquote(name) : undefined;
}

function bootstrapScript(text: string): string | undefined {
  const [, name] = /\/etc\/eks\/bootstrap\.sh\s+(\S+)/.exec(text) ?? [];
  if (name === undefined) return undefined;
  const plain = unquote(name);
  const [, reference] = /^\$\{?(\w+)\}?$/.exec(plain) ?? [];
  return reference ? variable(text, reference) : plain;
}

function windows(text: string): string | undefined {
  if (!/EKSBootstrapScriptFile|Start-EKSBootstrap/.test(text)) return undefined;
  const [, name] = /-EKSClusterName\s+(\S+)/.exec(text) ?? [];
  if (name === undefined) return undefined;
  const [, reference] = /^"?\$(\w+)"?$/.exec(name) ?? [];
  return reference ? variable(text, reference) : unquote(name);
}

/** Lines of one table of a TOML document. */
function table(text: string, name: string): [string, string][] {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.trim() === `[${name}]`);
  if (start === -1) return [];
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.trim().startsWith("["));
  return (end === -1 ? rest : rest.slice(0, end)).flatMap((line): [string, string][] => {
    const [, key, value] = /^\s*("[^"]+"|[\w-]+)\s*=\s*(.+)$/.exec(line) ?? [];
    return key && value ? [[unquote(key), value.trim()]] : [];
  });
}

function bottlerocket(text: string): Bootstrap | undefined {
  const settings = new Map(table(text, "settings.kubernetes"));
  const cluster = settings.get("cluster-name");
  if (!cluster || !settings.has("api-server") || !settings.has("cluster-certificate")) return undefined;
  return {
    cluster: unquote(cluster),
    labels: Object.fromEntries(
      table(text, "settings.kubernetes.node-labels").map(([key, value]) => [key, unquote(value)]),
    ),
    taints: table(text, "settings.kubernetes.node-taints").flatMap(([key, list]) =>
      [...list.matchAll(/"([^"]*)"/g)].flatMap(([, entry = ""]) => {
        const [value = "", effect = ""] = entry.split(":");
        return taintOf(`${key}=${value}:${effect}`);
      }),
    ),
  };
}
