/** Issues by where they are, with the addresses and keys of the user's settings; apart, because it loads packages. */
import { TuttiError } from "../domain/error.ts";
import type { IssueSource, IssuesAt, Posting } from "../domain/issues.ts";
import { folderIssues } from "../issues/folder.ts";
import { githubIssues } from "../issues/github.ts";
import type { Settings } from "../library/settings.ts";

export function issueSource(at: IssuesAt, { github = {} }: Pick<Settings, "github">): IssueSource {
  return at.from === "folder" ? folderIssues(at.folder) : githubIssues(at.repository, github);
}

/** Before anything is paid: what would be refused at the end is refused now. */
export function checkPosting(post: Posting | undefined, settings: Pick<Settings, "github">): void {
  if (post === undefined) return;
  const source = issueSource(post.at, settings);
  if (source.mute !== undefined) throw new TuttiError("BAD_INPUT", source.mute, { path: "config.post" });
  if (post.as === "pull-request" && source.pulls === undefined)
    throw new TuttiError("BAD_INPUT", `${source.name} has no pull requests`, {
      path: "config.post",
      hint: "post a comment: --post",
    });
}
