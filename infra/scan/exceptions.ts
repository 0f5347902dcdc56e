/** Rules of the scanner that we do not keep, and why. docs/security.md lists them, generated. */
export interface Exception {
  readonly id: string;
  /** The resources that it is for; without it every one. Another resource that breaks the rule is a finding. */
  readonly on?: RegExp;
  readonly about: string;
  readonly because: string;
}

export const exceptions: readonly Exception[] = [
  {
    id: "CKV_AWS_61",
    on: /^aws_iam_role\.[A-Za-z]+WorkflowRole$/,
    about: "roles of state machines that an account may assume",
    because:
      "The scanner looks at the principal and not at the condition beside it: of the account, only the very role is let in, for its own machine alone (own rule: trust-one-service).",
  },
  {
    id: "CKV_AWS_115",
    about: "reserved concurrency of every function",
    because:
      "Reserved concurrency is taken from the account's pool even while nothing runs. The API limits its rate, and throttles raise an alarm.",
  },
  {
    id: "CKV_AWS_116",
    about: "a dead-letter queue of every function",
    because:
      "Functions that API and workflows call answer their errors to the caller. Those that rules and schedules call hand over to the dead-letter queue by an on-failure destination, which the scanner does not look at (own rule: dead-letters).",
  },
  {
    id: "CKV_AWS_117",
    about: "every function in a VPC",
    because:
      "Functions call AWS APIs alone, by TLS and signed; those that call private Kubernetes endpoints are attached by a setting.",
  },
  {
    id: "CKV_AWS_173",
    about: "environment variables encrypted with a key of one's own",
    because:
      "They hold names, and SST's key to the file of linked secrets beside the code, of which there are none; Lambda encrypts them with its own key.",
  },
  {
    id: "CKV_AWS_272",
    about: "signed code",
    because:
      "Bundles are built from the checked-out source by whoever deploys; there is no other party whose signature would prove more.",
  },
  {
    id: "CKV_AWS_285",
    about: "inputs and outputs in the logs of executions",
    because:
      "Every event is logged; inputs and outputs name clusters, nodes and pods, and in production stay in the execution history (own rule: no-data-in-logs).",
  },
  {
    id: "CKV_AWS_297",
    about: "schedules encrypted with a key of one's own",
    because: "A schedule holds an expression and a constant envelope, no data.",
  },
];
