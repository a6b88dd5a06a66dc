/** Opens a page in the user's browser, with the program that the desktop has for it. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

type Environment = { readonly [name: string]: string | undefined };

/** What a desktop's program needs to find its browser; keys of model providers are none of its business. */
const PASSED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TMPDIR|BROWSER|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_\w+|DBUS_SESSION_BUS_ADDRESS|DESKTOP_SESSION|\w+_DESKTOP_SESSION_ID|KDE_\w+)$/;

/** False where there is no desktop, or it has no such program. */
export async function openUrl(url: string, env: Environment): Promise<boolean> {
  const program = programFor(env);
  if (program === undefined || !/^http:\/\/[\w.:[\]]+\//.test(url)) return false;
  return new Promise((resolve) => {
    const child = spawn(program, [url], {
      detached: true,
      stdio: "ignore",
      env: Object.fromEntries(Object.entries(env).filter(([name]) => PASSED.test(name))),
    });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}

function programFor(env: Environment): string | undefined {
  if (process.platform === "darwin") return "/usr/bin/open";
  // Without a display it would begin a browser in this terminal.
  if (!env["DISPLAY"] && !env["WAYLAND_DISPLAY"]) return undefined;
  const files = (env["PATH"] ?? "").split(delimiter).filter(Boolean);
  return files.map((folder) => join(folder, "xdg-open")).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
