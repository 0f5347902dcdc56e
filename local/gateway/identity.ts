/** Header by which somebody on this machine says who they are, as far as that matters here: to try approvals. */
export const USER_HEADER = "x-slipway-user";

/** Who asks on the embedded platform: everybody on this machine is one operator, unless they say another name. */
export function localIdentity(account: string, user?: string | null): string {
  const name = user && /^[\w+=,.@-]{1,64}$/.test(user) ? user : "local-operator";
  return `arn:aws:iam::${account}:user/${name}`;
}
