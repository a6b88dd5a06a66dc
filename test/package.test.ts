import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

interface Manifest {
  readonly [field: string]: unknown;
  readonly scripts: { readonly [name: string]: string };
  readonly dependencies: { readonly [name: string]: string };
  readonly devDependencies: { readonly [name: string]: string };
  readonly allowScripts: { readonly [name: string]: boolean };
}
interface Locked {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: { readonly [name: string]: string };
}
const manifest: Manifest = JSON.parse(read("package.json"));
const lock: { packages: { [path: string]: Locked } } = JSON.parse(read("package-lock.json"));
const installed = Object.entries(lock.packages).filter(([path]) => path !== "");

describe("what users rely on", () => {
  test("the entries stay", () => {
    expect(manifest.exports).toEqual({
      ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
      "./workflows": { types: "./dist/app/workflows.d.ts", default: "./dist/app/workflows.js" },
      "./host": { types: "./dist/app/host.d.ts", default: "./dist/app/host.js" },
      "./testing": { types: "./dist/testing/index.d.ts", default: "./dist/testing/index.js" },
      "./package.json": "./package.json",
    });
  });

  test("name, Node and kind stay", () => {
    expect(manifest).toMatchObject({
      name: "tutti",
      license: "MIT",
      type: "module",
      engines: { node: ">=22.18" },
      sideEffects: false,
      files: ["dist", "catalog", "dashboard", "README.md", "CHANGELOG.md", "LICENSE"],
    });
  });

  test("packages are pinned, and none of those that run runs a script when it is installed", () => {
    for (const [name, version] of Object.entries(manifest.dependencies))
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    for (const field of ["peerDependencies", "optionalDependencies", "bundleDependencies"])
      expect(manifest[field], field).toBeUndefined();
  });

  test("[bar:packages] [readme:no-packages] importing tutti loads none of its packages", () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const todo = [join(root, "src/index.ts")];
    for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      for (const [, from = ""] of readFileSync(path, "utf8").matchAll(
        /^(?:import|export)\s(?!type\b)[^;]*?from "([^"]+)";/gm,
      )) {
        if (from.startsWith(".")) todo.push(resolve(dirname(path), from));
        else if (!from.startsWith("node:")) packages.add(`${path}: ${from}`);
      }
    }
    expect(seen.size).toBeGreaterThan(50);
    expect([...packages]).toEqual([]);
  });

  test("no script of ours runs when a user installs", () => {
    for (const name of ["preinstall", "install", "postinstall", "prepare"])
      expect(manifest.scripts[name], name).toBeUndefined();
  });
});

describe("what contributors rely on", () => {
  test("the scripts are these, and each begins with a look at Node", () => {
    const { prepack, ...guarded } = manifest.scripts;
    expect(Object.keys(guarded)).toEqual([
      "start",
      "dev",
      "build",
      "check",
      "test",
      "test:agents",
      "bench",
      "bench:peers",
    ]);
    for (const [name, command] of Object.entries(guarded))
      expect(command, name).toMatch(/^node scripts\/guard\.mjs && /);
    expect(prepack).toBe("npm run build");
  });

  test("tools are pinned, and one install script is allowed: the one that brings Node", () => {
    for (const [name, version] of Object.entries(manifest.devDependencies))
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    expect(manifest.allowScripts).toEqual({ node: true });
    const scripted = installed.filter(([, { hasInstallScript, optional }]) => hasInstallScript && !optional);
    expect(scripted.map(([path]) => path)).toEqual(["node_modules/node"]);
  });

  test("the lockfile names no registry and knows every platform's binaries, without which `npm ci` fails", () => {
    expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
    const missing = installed.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !(`node_modules/${name}` in lock.packages || `${path}/node_modules/${name}` in lock.packages))
        .map((name) => `${path} wants ${name}`),
    );
    expect(missing).toEqual([]);
  });
});

describe("importing it", () => {
  const place = join(root, ".tmp");
  let built = "";
  let entry = "";

  beforeAll(() => {
    mkdirSync(place, { recursive: true });
    built = mkdtempSync(join(place, "import-"));
    const args = ["-p", "tsconfig.build.json", "--outDir", join(built, "dist")];
    const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), args, { cwd: root, encoding: "utf8" });
    expect(status, stdout).toBe(0);
    entry = pathToFileURL(join(built, "dist/index.js")).href;
  });
  afterAll(() => rmSync(built, { recursive: true, force: true }));

  const node = (program: string, cwd = built) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      cwd,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: cwd, TMPDIR: cwd },
      timeout: 20_000,
    });

  test("[readme:light] writes nothing, prints nothing and lets Node end", () => {
    const empty = mkdtempSync(join(built, "empty-"));
    const { status, signal, stdout, stderr } = node(`await import("${entry}");`, empty);
    expect({ status, signal, stdout, stderr, files: readdirSync(empty) }).toEqual({
      status: 0,
      signal: null,
      stdout: "",
      stderr: "",
      files: [],
    });
  });
});
