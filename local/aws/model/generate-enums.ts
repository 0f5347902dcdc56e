import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ENUM_SERVICES, readEnumMembers } from "./read-enums.ts";

// Run after an SDK update: node local/aws/model/generate-enums.ts. A test says when it is due.
const root = join(import.meta.dirname, "../../..");
const table = Object.fromEntries(
  ENUM_SERVICES.map((service) => [
    service,
    readEnumMembers(join(root, "node_modules/@aws-sdk", `client-${service}`)),
  ]),
);
const target = join(import.meta.dirname, "enum-members.json");
writeFileSync(target, `${JSON.stringify(table, null, 2)}\n`);
console.log(`${dirname(target)}: ${Object.keys(table).length} services`);
