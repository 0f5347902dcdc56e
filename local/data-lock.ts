import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ClassicLevel } from "classic-level";

/** Another platform works on the same state. */
export class DataInUseError extends Error {
  constructor(folder: string, holder: string | undefined) {
    super(
      `the state in ${resolve(folder)} is used by another platform${holder ? ` (process ${holder})` : ""}\n` +
        "  Stop that one, or give this one a folder of its own: SLIPWAY_DATA=...",
    );
    this.name = "DataInUseError";
  }
}

/** The right to work on a folder of state; ends with {@link DataLock.release} or with the process. */
export interface DataLock {
  release(): Promise<void>;
}

/**
 * Takes a folder of state for this process. Two platforms on one journal would each overwrite what the other
 * says: this comes before anything in the folder is read.
 *
 * LevelDB's file lock does it, which the kernel drops when a process dies however it dies: a file with a process
 * number would have to be judged stale after a kill. The number is written beside it, for the message only.
 *
 * @throws {DataInUseError} when another process, or another platform of this one, has the folder.
 */
export async function lockData(folder: string): Promise<DataLock> {
  mkdirSync(folder, { recursive: true });
  const holder = join(folder, "lock", "holder");
  const level = new ClassicLevel(join(folder, "lock"));
  try {
    await level.open();
  } catch (error) {
    if (!isLocked(error)) throw error;
    throw new DataInUseError(folder, holderIn(holder));
  }
  writeFileSync(holder, String(process.pid));
  return { release: () => level.close() };
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "LEVEL_LOCKED";
}

function holderIn(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It is being written just now; the message can do without.
    return undefined;
  }
}
