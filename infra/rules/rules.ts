import { definitions } from "./definitions.ts";
import { permissions } from "./permissions.ts";
import { protection } from "./protection.ts";
import type { Rule } from "./rule.ts";
import { running } from "./running.ts";
import { same } from "./same.ts";

/** Every rule that an evaluated deployment keeps. */
export const rules: readonly Rule[] = [...same, ...definitions, ...permissions, ...protection, ...running];
