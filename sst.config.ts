/// <reference path="./.sst/platform/config.d.ts" />

/** `npx sst deploy --stage prod` (docs/deploy.md). SST wants every import inside of the functions. */
export default $config({
  async app({ stage }) {
    const { readSettings } = await import("./stacks/settings.ts");
    const { production, region } = readSettings(stage, process.env);
    return {
      name: "slipway",
      home: "aws",
      removal: production ? "retain" : "remove",
      protect: production,
      providers: {
        aws: {
          ...(region ? { region: region as aws.Region } : {}),
          defaultTags: { tags: { "slipway.dev/stage": stage } },
        },
      },
    };
  },
  async run() {
    const { slipway } = await import("./stacks/slipway.ts");
    return slipway($app.stage, process.env);
  },
});
