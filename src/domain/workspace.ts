/** The files that an attempt works on, as its tools see them. Paths are relative, with slashes; none leads out. */
export interface Workspace {
  /** Absolute, and where it really lies. */
  readonly root: string;
  readonly isWritable: boolean;
  /** Every file that is not ignored; why some are missing. */
  list(): Promise<{ readonly paths: readonly string[]; readonly fault?: string }>;
  /** Throws BAD_INPUT, in words for whoever asked, where there is no such text or it is none of his business. */
  read(path: string): Promise<string>;
  /** Whole, with the folders above it. */
  write(path: string, text: string): Promise<void>;
}
