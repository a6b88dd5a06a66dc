/** The kept units of a text, in their order, with a mark at every gap that says how much is left out there. */
import type { Doc } from "./entries.ts";
import type { Selection } from "./select.ts";
import { TOKEN, whole } from "./tokens.ts";
import type { Unit } from "./units.ts";

export function render({ text, units }: Doc, { kept, clipped }: Selection, costs: Uint32Array): string {
  const parts: string[] = [];
  let last: Unit | undefined;
  let gap = 0;
  const leave = (next: Unit | undefined) => {
    if (!last || (last.kind !== "code" && last.kind !== "fence")) return false;
    const fence = last.kind === "fence" ? last : units[last.head];
    if (next && units[next.head] === fence) return false;
    const mark = /^\s*(`{3,}|~{3,})/.exec(text.slice(fence?.start ?? 0, (fence?.start ?? 0) + 40))?.[1] ?? "```";
    parts.push(parts.at(-1)?.endsWith("\n") ? mark : `\n${mark}`);
    return true;
  };
  for (let i = 0; i < units.length; i++) {
    const unit = units[i] as Unit;
    if (kept[i] === 0) {
      gap += costs[i] ?? 0;
      continue;
    }
    const isOut = leave(unit);
    if (gap > 0) {
      const isInline = last?.block === unit.block && unit.kind === "sentence";
      parts.push(isInline ? " […] " : `${last ? "\n" : ""}${marker(gap)}\n`);
    } else if (last) parts.push(isOut ? "\n" : text.slice(last.end, unit.start) || "\n");
    const shown = clipped.get(i);
    const body = text.slice(unit.start, shown === undefined ? unit.end : whole(text, unit.start + shown));
    parts.push(gap > 0 ? body.trimStart() : body);
    if (shown !== undefined) parts.push("…");
    last = unit;
    gap = 0;
  }
  leave(undefined);
  if (gap > 0) parts.push(`${last ? "\n" : ""}${marker(gap)}`);
  return parts.join("");
}

const marker = (cost: number): string => `[… ~${Math.max(1, Math.round(cost / TOKEN))} tokens …]`;
