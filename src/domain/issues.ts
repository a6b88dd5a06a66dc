/** Issues as people keep them, wherever that is: read as data of others, answered only where a person allowed it. */

/** Where issues are. Addresses and keys are the user's settings, never part of it. */
export type IssuesAt =
  | { readonly from: "folder"; readonly folder: string }
  /** `owner/name`. */
  | { readonly from: "github"; readonly repository: string };

export interface IssueEntry {
  /** A number, or the name of a file without its end. */
  readonly id: string;
  readonly title: string;
  readonly labels: readonly string[];
  readonly state: "open" | "closed";
  readonly url?: string;
}
export interface Issue extends IssueEntry {
  /** How people call it wherever they are: `owner/name#12`. */
  readonly called: string;
  readonly body: string;
  /** The oldest first; of very many the newest. */
  readonly comments: readonly { readonly author: string; readonly text: string }[];
}
export interface IssueList {
  readonly issues: readonly IssueEntry[];
  /** There are more than were asked for. */
  readonly hasMore: boolean;
  /** What could not be read, and why. */
  readonly faults: readonly string[];
}
export interface IssueQuery {
  readonly label?: string;
  readonly state: "open" | "closed" | "all";
  readonly most: number;
}
export interface PullRequest {
  readonly title: string;
  readonly text: string;
  /** The branch with the change. */
  readonly head: string;
  /** The branch that it is for. */
  readonly base: string;
}

export interface IssueSource {
  /** For people: where it is. */
  readonly name: string;
  list(query: IssueQuery): Promise<IssueList>;
  read(id: string): Promise<Issue>;
  /** Why nothing could be posted here; undefined where it could. */
  readonly mute?: string | undefined;
  /** Where a comment with these words in it is, if there is one. */
  find(id: string, words: string): Promise<string | undefined>;
  /** Gives its address. */
  comment(id: string, text: string): Promise<string>;
  /** Absent where there are none. */
  readonly pulls?: {
    /** The branch that changes are for where nobody names another. */
    base(): Promise<string>;
    /** The commit at which a branch stands there; undefined where there is none of that name. */
    branch(name: string): Promise<string | undefined>;
    /** Where a pull request of this branch is, open or not. */
    find(head: string): Promise<string | undefined>;
    open(pull: PullRequest): Promise<string>;
  };
}

/** A branch as it was delivered. */
export interface Branch {
  readonly name: string;
  readonly commit: string;
  /** What the work was brought onto. */
  readonly onto?: string;
}
/** Takes a branch to where a pull request can be made of it, with the user's own keys. */
export interface Pusher {
  /** By which address that repository is reached, and how it may be shown; undefined where no remote leads there. */
  to(repository: string): Promise<{ readonly url: string; readonly shown: string } | undefined>;
  /** Never by force. */
  push(to: { readonly url: string; readonly shown: string }, branch: Branch): Promise<void>;
}

/** What of a run is to be posted, and where. A person is asked about the very text before. */
export interface Posting {
  readonly at: IssuesAt;
  readonly issue: string;
  readonly as: "comment" | "pull-request";
  /** Of a pull request. */
  readonly title?: string;
  readonly base?: string;
}

/** Hosts of issues take no more in one text. */
export const LONGEST_POST = 65_536;

/** Stands in whatever we post, so that it is known again after a crash and is not posted twice. */
export const postMark = (run: string, hash: string): string => `<!-- tutti:run/${run} ${postWords(hash)}`;
/** Of the same text whichever run posts it. */
export const postWords = (hash: string): string => `post/${hash} -->`;
export const isOurs = (text: string): boolean => text.includes("<!-- tutti:run/");
