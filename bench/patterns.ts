import { compilePattern } from "../local/events/pattern/compile.ts";
import { RuleSet } from "../local/events/pattern/rule-set.ts";
import { type Figure, perSecond } from "./report.ts";

const RULES = 128;
const EVENTS = 50_000;

/** Rules as an account has them: most for one source and detail-type, some with operators. */
function rules(): [number, unknown][] {
  const names = ["CreateNodegroup", "DeleteNodegroup", "UpdateClusterConfig", "UpdateAddon", "TagResource"];
  return Array.from({ length: RULES }, (_, i): [number, unknown] => {
    const name = names[i % names.length];
    if (i % 8 === 0)
      return [i, { source: [{ prefix: "aws." }], detail: { eventName: [{ wildcard: `*${name}*${i}` }] } }];
    if (i % 8 === 1)
      return [
        i,
        {
          source: ["aws.cloudwatch"],
          detail: { state: { value: ["ALARM"] }, alarmName: [{ prefix: `eks-${i}-` }] },
        },
      ];
    return [
      i,
      {
        source: ["aws.eks"],
        "detail-type": ["AWS API Call via CloudTrail"],
        detail: {
          eventName: [name],
          requestParameters: { name: [`cluster-${i}`] },
          errorCode: [{ exists: false }],
        },
      },
    ];
  });
}

const event = (i: number): unknown => ({
  version: "0",
  id: String(i),
  "detail-type": "AWS API Call via CloudTrail",
  source: "aws.eks",
  account: "111122223333",
  region: "eu-west-1",
  detail: {
    eventName: ["CreateNodegroup", "DeleteNodegroup", "UpdateClusterConfig"][i % 3],
    readOnly: false,
    userIdentity: { type: "AssumedRole", arn: "arn:aws:sts::111122223333:assumed-role/PlatformAdmin/alice" },
    requestParameters: { name: `cluster-${i % 200}`, nodegroupName: `workers-${i % 7}` },
  },
});

/** Events matched per second against 128 rules, and against each rule by itself. */
export function benchPatterns(): Figure[] {
  const compiled = rules().map(([id, pattern]) => [id, compilePattern(pattern)] as const);
  const set = new RuleSet(compiled);
  const events = Array.from({ length: 1000 }, (_, i) => event(i));
  const run = (): number => {
    const began = performance.now();
    for (let i = 0; i < EVENTS; i++) set.match(events[i % events.length]);
    return performance.now() - began;
  };
  run();
  const ms = run();
  return [
    {
      what: `pattern matching, ${RULES} rules`,
      value: `${perSecond(EVENTS, ms)} events`,
      beside: `${perSecond(EVENTS * RULES, ms)} rule checks`,
    },
  ];
}
