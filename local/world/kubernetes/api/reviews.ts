import type { JsonObject } from "./patch.ts";

/**
 * Questions about identity and rights. There is no authorization here, so everything is allowed; what is
 * granted on AWS is proved elsewhere.
 */
const ANSWERS: Readonly<Record<string, JsonObject>> = {
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": { allowed: true },
  "/apis/authorization.k8s.io/v1/subjectaccessreviews": { allowed: true },
  "/apis/authentication.k8s.io/v1/selfsubjectreviews": {
    userInfo: { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] },
  },
};

const KINDS: Readonly<Record<string, string>> = {
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": "SelfSubjectAccessReview",
  "/apis/authorization.k8s.io/v1/subjectaccessreviews": "SubjectAccessReview",
  "/apis/authentication.k8s.io/v1/selfsubjectreviews": "SelfSubjectReview",
};

/** The review's answer, whatever was asked; undefined for a path that is none. */
export function review(path: string): JsonObject | undefined {
  const status = ANSWERS[path];
  const [, , group = "", version = ""] = path.split("/");
  return status
    ? { kind: KINDS[path] ?? "", apiVersion: `${group}/${version}`, metadata: {}, status }
    : undefined;
}
