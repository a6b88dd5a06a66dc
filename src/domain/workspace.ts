/** The files that an attempt works on, as its tools see them. Paths are relative, with slashes; none leads out. */
export interface Workspace {
  /** Absolute, and where it really lies. */
  readonly root: string;
  readonly isWritable: boolean;
  /** False: it is of this attempt alone and goes with it. */
  readonly isLasting?: boolean;
  /** What commands need that does not lie in it: git's own files, and what was installed for the user's checkout. */
  readonly lent?: readonly Lent[];
  /** What commands must not see beside it: the user's own checkout, with the files that git ignores there. */
  readonly veiled?: readonly string[];
  /** What commands may only read in it: whoever could change it would make git do something. */
  readonly locked?: readonly string[];
  /** Every file that is not ignored; why some are missing. */
  list(): Promise<{ readonly paths: readonly string[]; readonly fault?: string }>;
  /** Throws BAD_INPUT, in words for whoever asked, where there is no such text or it is none of his business. */
  read(path: string): Promise<string>;
  /** Whole, with the folders above it. */
  write(path: string, text: string): Promise<void>;
}

export interface ChangedFile {
  readonly path: string;
  /** Lines; null where it is no text. */
  readonly added: number | null;
  readonly removed: number | null;
}
/** What an attempt did to its files, kept in the repository whatever becomes of the workspace. */
export interface Changes {
  readonly ref: string;
  readonly base: string;
  readonly commit: string;
  readonly files: readonly ChangedFile[];
  /** Files beyond those that are named here. */
  readonly more?: number;
}

/** For which attempt, and what came before it. */
export interface WorkspaceOf {
  readonly run: string;
  readonly taskId: string;
  readonly attempt: number;
  /** Tasks that it builds on, each after those that it builds on itself; those of another run by the ref of their work. */
  readonly after: readonly string[];
  /** The attempt whose files were handed over with the task: this one begins with what it left. */
  readonly from?: number;
}
/** Something of the machine that commands in a workspace may read, and where they see it. */
export interface Lent {
  readonly from: string;
  readonly at: string;
}
export interface OpenWorkspace extends Workspace {
  /**
   * Lays the files out; before that, its root is not known. Many attempts only answer, and need none. Says what whoever
   * works on them should know, such as that what others wrote could not be brought together.
   */
  ready(): Promise<readonly string[]>;
  /** Keeps what was changed so far. Undefined: nothing was. Of an attempt that failed under a name of its own. */
  keep(outcome: "done" | "failed"): Promise<Changes | undefined>;
  /** The files are gone then; what was kept stays. */
  close(): Promise<void>;
}
/** A clone is for whoever is held by the sandbox: git is all his there, and nothing of the user's is within reach. */
export type Way = "worktree" | "clone";
export interface Workspaces {
  /** Of its own for an attempt that writes; as it stands, and read only, for one that only looks. Default: a worktree. */
  open(of: WorkspaceOf, writes: boolean, way?: Way): OpenWorkspace;
}
