/** Which cluster: names are unique within one account and region only. */
export interface ClusterRef {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

/** `account:region:name`, the form used as key in the store and accepted by the API. */
export const clusterKey = (ref: ClusterRef): string => `${ref.account}:${ref.region}:${ref.name}`;

/** Of a ClusterConfig's `metadata.annotations`: the account of the cluster, where it is not Slipway's own. */
export const ACCOUNT_ANNOTATION = "slipway.dev/account";

/** The reverse of {@link clusterKey}; undefined when the text is not of that form. */
export function parseClusterKey(key: string): ClusterRef | undefined {
  const match = /^(\d{12}):([a-z]{2}(?:-[a-z]+)+-\d):([0-9A-Za-z][A-Za-z0-9_-]{0,99})$/.exec(key);
  const [, account, region, name] = match ?? [];
  return account && region && name ? { account, region, name } : undefined;
}

/** `arn:aws:eks:eu-west-1:111122223333:cluster/prod-1`. */
export const clusterArn = (ref: ClusterRef): string =>
  `arn:aws:eks:${ref.region}:${ref.account}:cluster/${ref.name}`;
