/** Waves and phases: sets of tasks that are reported when the last of them has settled. */

export interface Group {
  readonly name: number | string;
  readonly ids: string[];
  left: number;
  /** Told as started and not yet as complete. */
  open: boolean;
  /** How many of the ids have been told as complete. A group that grows is told again, with the new ids. */
  reported: number;
}

export interface Groups<K extends number | string> {
  readonly all: Map<K, Group>;
  /** Complete, and not yet told. */
  readonly finished: Set<Group>;
}

export function createGroups<K extends number | string>(): Groups<K> {
  return { all: new Map(), finished: new Set() };
}

export function joinGroup<K extends number | string>(groups: Groups<K>, name: K, id: string): void {
  let group = groups.all.get(name);
  if (!group) {
    group = { name, ids: [], left: 0, open: false, reported: 0 };
    groups.all.set(name, group);
  }
  group.ids.push(id);
  group.left++;
  groups.finished.delete(group);
}

export function leaveGroup<K extends number | string>(groups: Groups<K>, name: K): void {
  const group = groups.all.get(name);
  if (group && --group.left === 0) groups.finished.add(group);
}

export function groupTold<K extends number | string>(groups: Groups<K>, name: K, complete: boolean): void {
  const group = groups.all.get(name);
  if (!group) return;
  group.open = !complete;
  if (!complete) return;
  group.reported = group.ids.length;
  groups.finished.delete(group);
}

/** The ids that the next report of this group is about. */
export function untold(group: Group): readonly string[] {
  return group.reported === 0 ? group.ids.slice() : group.ids.slice(group.reported);
}
