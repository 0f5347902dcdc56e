import { allowedBehind, describeSkew, skewOf } from "../versions/skew.ts";
import { compareVersions, formatMinor, minorOf, parseMinor } from "../versions/version.ts";
import {
  block,
  CHANGES,
  type Check,
  type CheckContext,
  type CheckResult,
  info,
  listed,
  UPGRADE,
  warn,
} from "./check.ts";

const cluster = (context: CheckContext): string => `cluster ${context.snapshot.ref.name}`;

export const versionStep: Check = {
  code: "VERSION_STEP",
  title: "The target is a version that EKS offers, not below the present one",
  guards: UPGRADE,
  run(context) {
    const { snapshot, to, hops } = context;
    const from = snapshot.cluster.version;
    if (compareVersions(to, from) < 0) {
      return [
        block(
          cluster(context),
          `runs ${from}; ${to} would be a downgrade`,
          "Choose a newer version. EKS goes back one minor version only, within 7 days, as a rollback.",
        ),
      ];
    }
    const offered = new Set(snapshot.versions.map((version) => version.version));
    const missing = hops.filter((hop) => !offered.has(hop));
    if (missing.length > 0) {
      return [
        block(
          cluster(context),
          `EKS does not offer ${listed(missing)}`,
          `Choose one of ${[...offered].filter((v) => compareVersions(v, from) > 0).join(", ") || "the versions that it offers"}.`,
        ),
      ];
    }
    if (hops.length < 2) return [];
    return [
      info(
        cluster(context),
        `${from} to ${to} takes ${hops.length} upgrades: ${hops.join(", ")}`,
        "Nothing to do: Slipway makes one after the other and checks before each.",
      ),
    ];
  },
};

export const versionSupport: Check = {
  code: "VERSION_SUPPORT",
  title: "The target is in standard support",
  guards: UPGRADE,
  run(context) {
    const { snapshot, to } = context;
    const facts = snapshot.versions.find((version) => version.version === to);
    if (!facts) return [];
    const day = (date: string) => date.slice(0, 10);
    if (facts.status === "UNSUPPORTED") {
      return [
        block(
          cluster(context),
          `Kubernetes ${to} is no longer supported by EKS (since ${day(facts.endOfExtendedSupport)})`,
          "Choose a version in standard support.",
        ),
      ];
    }
    if (facts.status === "EXTENDED_SUPPORT") {
      const forced =
        snapshot.cluster.supportType === "STANDARD"
          ? "; with the upgrade policy STANDARD EKS will upgrade it by itself"
          : "";
      return [
        warn(
          cluster(context),
          `Kubernetes ${to} is in extended support until ${day(facts.endOfExtendedSupport)}: $0.60 instead of $0.10 an hour${forced}`,
          "Go on to a version in standard support.",
        ),
      ];
    }
    const days = Math.floor((Date.parse(facts.endOfStandardSupport) - snapshot.takenAt) / 86_400_000);
    if (!(days < 60)) return [];
    return [
      info(
        cluster(context),
        `standard support of Kubernetes ${to} ends on ${day(facts.endOfStandardSupport)}, in ${days} days`,
        "Consider a newer version.",
      ),
    ];
  },
};

export const nodeSkew: Check = {
  code: "NODE_SKEW",
  title: "No kubelet is newer than, or too far behind, the control plane",
  guards: CHANGES,
  run(context) {
    const { kubernetes, snapshot, hops, prepared } = context;
    const rotated = new Map(context.nodegroups.map((group) => [group.name, group.logicalName]));
    const machines = new Map(
      context.selfManaged.flatMap((group) => group.instanceIds.map((id) => [id, group.logicalName])),
    );
    // Groups are rotated on the way, so the next hop is what counts; nobody rotates other nodes.
    const next = hops[0] ?? snapshot.cluster.version;
    const last = hops.at(-1) ?? snapshot.cluster.version;
    const results = new Map<string, { names: string[]; result: (names: string[]) => CheckResult }>();
    for (const node of kubernetes?.nodes ?? []) {
      const logical = rotated.get(node.nodegroup ?? "") ?? machines.get(node.instanceId ?? "");
      if (logical !== undefined && prepared.has(logical)) continue;
      const managed = logical !== undefined;
      const kubelet = minorOf(node.kubeletVersion);
      const now = skewOf(kubelet, snapshot.cluster.version);
      // Karpenter and Auto Mode replace theirs on the way; each hop waits for what the next one needs.
      const follows = managed || node.provisioner !== undefined || node.fargate === true;
      const apiServer = follows ? next : last;
      const then = skewOf(kubelet, apiServer);
      if (now.ok && then.ok) continue;
      const newer = !now.ok && now.reason === "newer";
      const key = `${managed ? logical : ""}/${kubelet}/${newer}`;
      const group = managed ? `nodegroup ${logical}` : "nodes outside of managed node groups";
      const entry = results.get(key) ?? {
        names: [],
        result: (names: string[]) =>
          newer
            ? block(
                group,
                `kubelet ${kubelet} is ${describeSkew(now.behind)} the control plane ${snapshot.cluster.version}: ${listed(names)}`,
                "Replace these nodes by ones of the control plane's version.",
              )
            : block(
                group,
                `kubelet ${kubelet} would be ${describeSkew(then.behind)} Kubernetes ${apiServer}; ${allowedBehind(parseMinor(kubelet))} are allowed: ${listed(names)}`,
                managed
                  ? `Rotate ${logical} to ${snapshot.cluster.version} first (slipway rotate).`
                  : `Replace these nodes by ones of ${formatMinor(parseMinor(apiServer) - 3)} or newer first.`,
              ),
      };
      entry.names.push(node.name);
      results.set(key, entry);
    }
    return [...results.values()].map(({ names, result }) => result(names.toSorted()));
  },
};

export const kubeProxySkew: Check = {
  code: "KUBE_PROXY_SKEW",
  title: "kube-proxy is not newer than, or too far behind, the control plane",
  guards: CHANGES,
  run({ kubernetes, snapshot, hops }) {
    const version = kubernetes?.kubeProxyVersion;
    if (version === undefined) return [];
    const present = snapshot.cluster.version;
    const subject = "daemonset kube-system/kube-proxy";
    const now = skewOf(version, present);
    if (!now.ok && now.reason === "newer") {
      return [
        block(
          subject,
          `kube-proxy ${version} is ${describeSkew(now.behind)} the control plane ${present}`,
          `Set kube-proxy to a version for Kubernetes ${present}.`,
        ),
      ];
    }
    // The add-on is moved after each hop; a kube-proxy that is no EKS add-on stays what it is.
    const managed = snapshot.addons.some((addon) => addon.name === "kube-proxy");
    const target = (managed ? hops[0] : hops.at(-1)) ?? present;
    const then = skewOf(version, target);
    if (then.ok) return [];
    return [
      block(
        subject,
        `kube-proxy ${version} would be ${describeSkew(then.behind)} Kubernetes ${target}; ${then.allowed} are allowed`,
        managed ? "Update the add-on kube-proxy first (slipway addons update)." : "Update kube-proxy first.",
      ),
    ];
  },
};
