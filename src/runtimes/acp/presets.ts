/**
 * Coding agents that are known by name: how each is begun, what of our environment it needs, and what makes it ask.
 *
 * E1. A command is named here or in the user's own `config.yaml`, never in a file of a repository.
 * E2. `limits` says what cannot be held, so that nobody takes a permission for more than it is.
 */
import type { Environment } from "../../process/environment.ts";
import type { Native } from "../programs/dialect.ts";

/** One way to begin it; the first whose program is installed is taken. */
export interface Way {
  readonly command: string;
  readonly args: readonly string[];
  /** Absent: it speaks the Agent Client Protocol. */
  readonly native?: Native;
}
export interface Preset {
  readonly who: string;
  readonly ways: readonly Way[];
  /** Names of ours that it may see: its own key, and where its own settings lie. */
  readonly env: readonly string[];
  /** Settings of ours, beside those of the user. */
  readonly set?: Environment;
  /** What is set so that it asks before it acts. Absent: whether it asks is up to its own settings. */
  readonly asks?: string;
  /** Whether it tells US dollars; otherwise its tokens are priced, where its model and their price are known. */
  readonly tellsUsd?: true;
  /** One program serves several sessions, one after the other, and closing one ends all that it began: measured. */
  readonly takesReuse?: true;
  /** The user wants it reused. */
  readonly reuse?: true;
  /** What cannot be held. */
  readonly limits: string;
  /** What a person does where it is not logged in. */
  readonly login: string;
}

const ANTHROPIC = ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"];
const OPENAI = ["OPENAI_API_KEY", "OPENAI_BASE_URL"];
const GOOGLE = ["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"];
const XDG = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];
const UP_TO_IT =
  "whether it asks before it acts is up to its own settings: what it does without asking is not held back";
const RULES = "rules for tools hold where it asks; what it does without asking is not held back";

/** Merged over the user's own settings of OpenCode: what those allow without asking is asked about here. */
const OPENCODE = { permission: { edit: "ask", bash: "ask", webfetch: "ask", external_directory: "ask" } };

export const PRESETS: { readonly [name: string]: Preset } = {
  "claude-code": {
    who: "Claude Code",
    ways: [
      { command: "claude-agent-acp", args: [] },
      { command: "claude-code-acp", args: [] },
      { command: "claude", args: [], native: "claude" },
    ],
    env: [...ANTHROPIC, "CLAUDE_CONFIG_DIR", "IS_SANDBOX"],
    asks: "its default mode, which asks for each tool that changes something",
    tellsUsd: true,
    takesReuse: true,
    limits: `${RULES}, such as tools that the user's own settings of Claude Code allow`,
    login: "log in with 'claude', or set ANTHROPIC_API_KEY",
  },
  codex: {
    who: "Codex",
    ways: [
      { command: "codex-acp", args: [] },
      { command: "codex", args: [], native: "codex" },
    ],
    env: [...OPENAI, "CODEX_API_KEY", "CODEX_HOME"],
    limits: `its own sandbox holds its commands to the workspace; ${UP_TO_IT}`,
    login: "log in with 'codex login', or set OPENAI_API_KEY",
  },
  opencode: {
    who: "OpenCode",
    ways: [{ command: "opencode", args: ["acp"] }],
    env: [...ANTHROPIC, ...OPENAI, ...GOOGLE, ...XDG, "OPENROUTER_API_KEY", "OPENCODE_CONFIG"],
    set: { OPENCODE_CONFIG_CONTENT: JSON.stringify(OPENCODE), OPENCODE_DISABLE_AUTOUPDATE: "1" },
    takesReuse: true,
    asks: "OPENCODE_CONFIG_CONTENT, which makes it ask before it edits, runs, fetches or leaves its folder",
    limits: `${RULES}, such as reading; of its tokens it tells those of the last call of a turn, of its cost all`,
    login: "log in with 'opencode auth login', or set the key of its provider",
  },
  gemini: {
    who: "Gemini CLI",
    ways: [{ command: "gemini", args: ["--acp"] }],
    env: [...GOOGLE, "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_GENAI_USE_VERTEXAI"],
    limits: UP_TO_IT,
    login: "log in with 'gemini', or set GEMINI_API_KEY",
  },
  copilot: {
    who: "Copilot CLI",
    ways: [{ command: "copilot", args: ["--acp", "--stdio"] }],
    env: ["COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN", ...XDG],
    limits: UP_TO_IT,
    login: "log in with 'copilot login'",
  },
  cursor: {
    who: "Cursor",
    ways: [{ command: "cursor-agent", args: ["acp"] }],
    env: ["CURSOR_API_KEY"],
    limits: UP_TO_IT,
    login: "log in with 'cursor-agent login', or set CURSOR_API_KEY",
  },
  goose: {
    who: "Goose",
    ways: [{ command: "goose", args: ["acp"] }],
    env: [...ANTHROPIC, ...OPENAI, ...GOOGLE, ...XDG, "GOOSE_PROVIDER", "GOOSE_MODEL"],
    set: { GOOSE_MODE: "approve" },
    asks: "GOOSE_MODE=approve, which makes it ask before each tool",
    limits: RULES,
    login: "set it up with 'goose configure'",
  },
  kimi: {
    who: "Kimi CLI",
    ways: [{ command: "kimi", args: ["acp"] }],
    env: ["KIMI_API_KEY", "KIMI_BASE_URL", "MOONSHOT_API_KEY"],
    limits: UP_TO_IT,
    login: "log in with 'kimi'",
  },
  qwen: {
    who: "Qwen Code",
    ways: [{ command: "qwen", args: ["--acp"] }],
    env: [...OPENAI, "OPENAI_MODEL", "DASHSCOPE_API_KEY"],
    limits: UP_TO_IT,
    login: "log in with 'qwen', or set OPENAI_API_KEY",
  },
  kiro: {
    who: "Kiro CLI",
    ways: [{ command: "kiro-cli", args: ["acp"] }],
    env: ["KIRO_API_KEY"],
    limits: UP_TO_IT,
    login: "log in with 'kiro-cli login'",
  },
  droid: {
    who: "Droid",
    ways: [{ command: "droid", args: ["exec", "--output-format", "acp"] }],
    env: ["FACTORY_API_KEY"],
    limits: UP_TO_IT,
    login: "log in with 'droid', or set FACTORY_API_KEY",
  },
  auggie: {
    who: "Auggie",
    ways: [{ command: "auggie", args: ["--acp"] }],
    env: ["AUGMENT_SESSION_AUTH"],
    limits: UP_TO_IT,
    login: "log in with 'auggie login'",
  },
  cline: {
    who: "Cline",
    ways: [{ command: "cline", args: ["--acp"] }],
    env: [...ANTHROPIC, ...OPENAI],
    limits: UP_TO_IT,
    login: "log in with 'cline auth'",
  },
  vibe: {
    who: "Mistral Vibe",
    ways: [{ command: "vibe-acp", args: [] }],
    env: ["MISTRAL_API_KEY"],
    limits: UP_TO_IT,
    login: "set MISTRAL_API_KEY",
  },
};
