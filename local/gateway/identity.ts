/** Who asks on the embedded platform: everybody on this machine is one operator. */
export const localIdentity = (account: string): string => `arn:aws:iam::${account}:user/local-operator`;
