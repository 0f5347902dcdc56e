import type { Freeze, MaintenanceWindow, Opening, Windows } from "../policy/windows.ts";

/** Windows and freezes of a policy with those of the documents that it names, each with the name it came by. */
export interface ResolvedWindows {
  readonly open: readonly Opening[];
  readonly freezes: readonly Freeze[];
}

/** Always open: what counts where nobody wrote a window. */
export const ALWAYS: ResolvedWindows = { open: [], freezes: [] };

/**
 * Joins the windows of a policy with the documents that it names. `missing` are names without a document: whoever
 * asks must then treat everything as closed.
 */
export function resolveWindows(
  windows: Windows,
  documents: ReadonlyMap<string, MaintenanceWindow>,
): { readonly windows: Windows; readonly missing: readonly string[] } {
  const found = windows.named.flatMap((name) => documents.get(name) ?? []);
  return {
    windows: {
      named: windows.named,
      open: [
        ...windows.open,
        ...found.flatMap(({ metadata, open }) =>
          open.map((opening) => ({ ...opening, name: opening.name ?? metadata.name })),
        ),
      ],
      freezes: [...windows.freezes, ...found.flatMap((document) => document.freezes)],
    },
    missing: windows.named.filter((name) => !documents.has(name)),
  };
}
