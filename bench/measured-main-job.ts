// The main job with its peak memory printed at the end, for bench/main-job.ts.
process.once("exit", () => {
  process.stdout.write(`\npeak-rss-kib=${process.resourceUsage().maxRSS}\n`);
});
await import("../local/main.ts");
