/** What to do when an account does not let Slipway assume its role. Apart, so that it loads no client. */
export const managedAccountRemedy = (account: string): string =>
  `Make or update the stack of managed-account/template.yaml in account ${account}, with this stage and its external id; slipway doctor --account ${account} tells whether it lets Slipway in.`;
