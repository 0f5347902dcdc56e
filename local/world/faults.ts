/**
 * Faults are injected by name: the parts of the world ask `faults.hit(NAME, subject)` at the point where the
 * real service would fail. Names and points are listed in docs/faults.md.
 */
export interface FaultSpec {
  /** `SubnetWithoutIps`, `NodesNeverJoin`, `ControlPlaneUpgradeFails`, `Throttle`, ... */
  readonly name: string;
  /** Only for subjects that contain this text (`nodegroup/workers-2`, `subnet-0a`); without it for all. */
  readonly subject?: string;
  /** How many times it strikes; without it always. */
  readonly times?: number;
  /** Numbers or text that the point understands (`after=5m`). */
  readonly args?: Readonly<Record<string, string>>;
}

export interface Faults {
  /** The fault that strikes here now, using up one of its times; undefined when none does. */
  hit(name: string, subject: string): FaultSpec | undefined;
  inject(fault: FaultSpec): void;
  clear(name?: string): void;
  list(): readonly FaultSpec[];
  /** Told after faults came or went. */
  onChange(listener: () => void): void;
}

export function createFaults(): Faults {
  let active: { spec: FaultSpec; left: number }[] = [];
  const listeners: (() => void)[] = [];
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    hit(name, subject) {
      const fault = active.find(
        (f) =>
          f.spec.name === name &&
          f.left > 0 &&
          (f.spec.subject === undefined || subject.includes(f.spec.subject)),
      );
      if (!fault) return undefined;
      fault.left--;
      return fault.spec;
    },
    inject(spec) {
      active.push({ spec, left: spec.times ?? Number.POSITIVE_INFINITY });
      tell();
    },
    clear(name) {
      active = name === undefined ? [] : active.filter((f) => f.spec.name !== name);
      tell();
    },
    list: () => active.filter((f) => f.left > 0).map((f) => f.spec),
    onChange: (listener) => void listeners.push(listener),
  };
}
