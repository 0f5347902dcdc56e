import { AwsError } from "../../aws/contract.ts";
import { type EksContext, type EksHandlers, need } from "./context.ts";

/** TagResource and its like, for clusters, node groups and add-ons; allowed at any time. */

interface Tagged {
  readonly tags: Record<string, string>;
  touch(): void;
}

const TAGS_PER_RESOURCE = 50;

export const tagHandlers = (ctx: EksContext) => {
  function find(arn: string | undefined): Tagged {
    const wanted = need(arn, "resourceArn");
    const cluster = ctx.clusters.get(wanted);
    if (cluster) return { tags: cluster.body.tags, touch: () => ctx.clusters.touch(wanted) };
    for (const map of [ctx.nodegroups, ctx.addons])
      for (const [key, doc] of map.entries())
        if (doc.arn === wanted) return { tags: doc.body.tags, touch: () => map.touch(key) };
    throw new AwsError("NotFoundException", `Resource not found: ${wanted}`, { status: 404 });
  }
  const badRequest = (message: string): AwsError =>
    new AwsError("BadRequestException", message, { status: 400 });

  return {
    TagResource(input) {
      const found = find(input.resourceArn);
      const tags = input.tags ?? {};
      for (const [key, value] of Object.entries(tags)) {
        if (key.length === 0 || key.length > 128 || value.length > 256)
          throw badRequest(`Invalid tag: ${key}`);
        if (/^aws:/i.test(key)) throw badRequest(`Tag keys cannot begin with aws:, but ${key} does`);
      }
      if (Object.keys({ ...found.tags, ...tags }).length > TAGS_PER_RESOURCE)
        throw badRequest(`A resource can have at most ${TAGS_PER_RESOURCE} tags`);
      Object.assign(found.tags, tags);
      found.touch();
      return {};
    },
    UntagResource(input) {
      const found = find(input.resourceArn);
      for (const key of input.tagKeys ?? []) delete found.tags[key];
      found.touch();
      return {};
    },
    ListTagsForResource(input) {
      return { tags: { ...find(input.resourceArn).tags } };
    },
  } satisfies EksHandlers;
};
