import { spawn } from "node:child_process";
import { join } from "node:path";

export interface Root {
  readonly root: string;
}

/**
 * Runs a program of the project to its end. Throws Error with what it printed when it does not end well, or not
 * within a quarter of an hour.
 */
export function run(
  { root }: Root,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(join(root, program), args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 900_000,
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      printed += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve(printed);
      else reject(new Error(`${program} ${args.join(" ")} ended with ${code ?? signal}\n${printed}`));
    });
  });
}
