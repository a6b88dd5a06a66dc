import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { defaultModel, loadSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "tutti-settings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let homes = 0;

function home(config?: string): string {
  const path = join(folder, `home-${++homes}`);
  mkdirSync(path);
  if (config !== undefined) writeFileSync(join(path, "config.yaml"), config);
  return path;
}

test("without a file and keys nothing is set and no provider is found", async () => {
  expect(await loadSettings(home(), {})).toEqual({
    ...{ agentModels: {}, mcpServers: {}, providers: { compatible: {} }, prices: {}, found: [] },
  });
  expect(await loadSettings(home("# nothing yet\n"), {})).toMatchObject({ found: [] });
});

test("keys and addresses come from the environment, and are said by the variable's name only", async () => {
  const settings = await loadSettings(home(), {
    ...{ ANTHROPIC_API_KEY: "sk-1", ANTHROPIC_BASE_URL: "http://127.0.0.1:9", OPENAI_BASE_URL: "http://127.0.0.1:8" },
    ...{ GOOGLE_GENERATIVE_AI_API_KEY: "g-1", OLLAMA_HOST: "127.0.0.1:11434", OPENAI_API_KEY: "" },
  });
  expect(settings.providers).toEqual({
    anthropic: { apiKey: "sk-1", baseUrl: "http://127.0.0.1:9" },
    openai: { baseUrl: "http://127.0.0.1:8" },
    google: { apiKey: "g-1" },
    ollama: { baseUrl: "127.0.0.1:11434" },
    compatible: {},
  });
  expect(settings.found).toEqual([
    { provider: "anthropic", by: "ANTHROPIC_API_KEY" },
    { provider: "google", by: "GOOGLE_GENERATIVE_AI_API_KEY" },
    { provider: "ollama", by: "OLLAMA_HOST" },
  ]);
  expect(JSON.stringify(settings.found)).not.toMatch(/sk-1|g-1/);
});

test("servers of the user's own have a name, and their key is in the variable that the file names", async () => {
  const config = "providers:\n  lab: { baseUrl: http://lab:8000/v1, apiKeyEnv: LAB_KEY }\nmodel: compatible/lab/m\n";
  const settings = await loadSettings(home(config), { LAB_KEY: "k" });
  expect(settings.providers.compatible).toEqual({ lab: { baseUrl: "http://lab:8000/v1", apiKey: "k" } });
  expect(settings.found).toEqual([{ provider: "compatible/lab", by: "config.yaml" }]);
  expect(defaultModel(settings)).toBe("compatible/lab/m");
});

test("without a model the first provider that was found has a default one; Ollama has none", async () => {
  const modelWith = async (env: Record<string, string>) => defaultModel(await loadSettings(home(), env));
  expect(await modelWith({ OPENAI_API_KEY: "k" })).toMatch(/^openai\//);
  expect(await modelWith({ OPENAI_API_KEY: "k", ANTHROPIC_API_KEY: "k" })).toMatch(/^anthropic\//);
  expect(await modelWith({ OLLAMA_HOST: "127.0.0.1" })).toBeUndefined();
});

test.each([
  ["an unknown field", "modle: x/y", /'modle' is not a known field.*'model'/],
  ["a deeper one", "providers:\n  lab: { baseURL: x }", /'providers\.lab\.baseURL' is not a known field.*'baseUrl'/],
  ["a missing one", "prices:\n  m: { input: 1 }", /'prices\.m\.output' is missing/],
  ["a price below nothing", "prices:\n  m: { input: -1, output: 1 }", /'prices\.m\.input' must be a number from 0/],
  ["a budget that is words", "budget: 2 usd", /'budget' must be an object/],
  [
    "a command as words",
    "evidenceCommands: { b: npm run b }",
    /'evidenceCommands\.b' must be a list, such as \["npm","run","b"\]/,
  ],
  ["YAML that is none", "model: [", /config\.yaml:\d+: /],
  ["a list", "- model", /'the file' must be an object/],
  ["a bomb", `a: &a [x]\nb: [${Array(40).fill("*a").join()}]\nc: &c [*a,*a]\nd: [*c,*c,*c,*c,*c,*c]`, /config\.yaml/],
])("%s in the file is a fault that names file and place", async (_what, config, message) => {
  await expect(loadSettings(home(config), {})).rejects.toMatchObject({
    ...{ code: "BAD_INPUT", path: "config.yaml", message: expect.stringMatching(message) },
  });
});

test("a file that cannot be read is said by its path", async () => {
  const place = home();
  mkdirSync(join(place, "config.yaml"));
  await expect(loadSettings(place, {})).rejects.toMatchObject({
    ...{ code: "BAD_INPUT", message: expect.stringContaining(join(place, "config.yaml")) },
  });
});

test("gates are left to conductors by workflow and name only", async () => {
  const delegate = ["release/ship-*", "*/staging"];
  expect((await loadSettings(home(`delegate: ${JSON.stringify(delegate)}\n`), {})).delegate).toEqual(delegate);
  for (const wrong of ["release", "*", "a/b/c"])
    await expect(loadSettings(home(`delegate: ["${wrong}"]\n`), {})).rejects.toThrow("must be a workflow and a gate");
});
