/** Shares room among the materials of one section: short ones whole, long ones cut to an equal share, too many ranked. */
import type { Focus } from "./focus.ts";
import { FRAME, type Material } from "./material.ts";
import { docsOf } from "./sieve.ts";
import { survey } from "./survey.ts";

export interface Room {
  /** Tokens for the whole section, frames included. */
  readonly room: number;
  /** Tokens for one that is cut. */
  readonly each: number;
  /** Tokens for one that is shown whole; default as `each`. */
  readonly whole?: number;
  /** The least that one is shown in. */
  readonly least: number;
  /** Further tokens for findings of high severity, of one and of all. */
  readonly findings?: number;
  readonly allFindings?: number;
}
export interface Plan {
  readonly material: Material;
  readonly how: "whole" | "cut" | "left-out";
  /** Tokens of the cut; frame not included. */
  readonly tokens: number;
  readonly findings: number;
}

/** In the order given. Nothing is planned beyond the room. */
export function planRoom(materials: readonly Material[], focus: () => Focus, room: Room): Plan[] {
  const least = room.least + FRAME;
  const capacity = Math.max(0, Math.floor(room.room / least));
  const chosen = capacity >= materials.length ? materials : ranked(materials, focus()).slice(0, capacity);
  const plans = new Map<Material, Plan>();
  let left = room.room;
  let cut = 0;
  // The shortest first: what they do not need of their share is there for the longer ones.
  const order = [...chosen].sort((a, b) => a.tokens - b.tokens);
  for (const [i, material] of order.entries()) {
    const share = Math.floor(left / (order.length - i)) - FRAME;
    const isWhole = material.tokens <= Math.min(share, room.whole ?? room.each);
    const tokens = isWhole ? material.tokens : Math.max(0, Math.min(share, room.each));
    plans.set(material, { material, how: isWhole ? "whole" : "cut", tokens, findings: 0 });
    if (!isWhole) cut++;
    left -= tokens + FRAME;
  }
  const findings = Math.floor(Math.min(room.findings ?? 0, Math.min(room.allFindings ?? 0, left) / Math.max(1, cut)));
  return materials.map((material) => {
    const plan = plans.get(material) ?? { material, how: "left-out", tokens: 0, findings: 0 };
    return plan.how === "cut" ? { ...plan, findings: Math.max(0, findings) } : plan;
  });
}

/** By what they say to what the task asks, and by how near they are. */
function ranked(materials: readonly Material[], focus: Focus): readonly Material[] {
  const byTalk = materials.every(({ kind }) => kind === "message" || kind === "broadcast");
  const surveyed = byTalk ? [] : survey(docsOf(materials, focus), focus);
  const worth = new Map(
    materials.map((material, i) => [material, ((surveyed[i]?.relevance ?? 0) + 0.01) * material.nearness]),
  );
  return [...materials].sort((a, b) => (worth.get(b) ?? 0) - (worth.get(a) ?? 0));
}
