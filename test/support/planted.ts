/** Repositories made for tests of evidence: one with faults whose places are known, and some without any. */

/** In pieces, so that it is a key nowhere but in what tests write. */
export const KEY = ["AKIA", "QZ7WLM3KVN2RTYUB"].join("");

const giant = (lines: number): string =>
  `export function settle(orders) {\n  let total = 0;\n${Array.from({ length: lines }, (_, i) => `  total += orders[${i}] ?? ${i};`).join("\n")}\n  return total;\n}\n`;

/** Where each fault stands, and which program must say so. */
export const PLANTED = [
  { at: "src/storage.js:3", by: "secret-scan" },
  { at: "package.json:8", by: "dependency-audit" },
  { at: "package.json:9", by: "dependency-audit" },
  { at: "test/price.test.js:9", by: "test-run" },
  { at: "src/legacy-export.js:1", by: "dead-files" },
  { at: "src/settle.js:1", by: "complexity" },
  { at: "package.json:10", by: "licences" },
  { at: "src/session.js:3", by: "todo" },
  { at: "src/orders.js:4", by: "code-risks" },
  { at: "src/rules.js:2", by: "code-risks" },
  { at: "src/client.js:3", by: "code-risks" },
  { at: ".env:2", by: "secret-scan" },
] as const;

const PACKAGE = `{
  "name": "shop",
  "version": "1.0.0",
  "license": "MIT",
  "type": "module",
  "scripts": { "test": "node --test test/*.test.js" },
  "dependencies": {
    "lodash": "4.17.11",
    "dayjs": "*",
    "report-maker": "2.1.0"
  }
}
`;

const LOCK = JSON.stringify(
  {
    name: "shop",
    version: "1.0.0",
    lockfileVersion: 3,
    packages: {
      "": {
        name: "shop",
        version: "1.0.0",
        license: "MIT",
        dependencies: { lodash: "4.17.11", dayjs: "*", "report-maker": "2.1.0" },
      },
      "node_modules/lodash": { version: "4.17.11", license: "MIT" },
      "node_modules/dayjs": { version: "1.11.10", license: "MIT" },
      "node_modules/report-maker": { version: "2.1.0", license: "GPL-3.0-only" },
    },
  },
  null,
  2,
);

export const planted = (): { readonly [path: string]: string } => ({
  "package.json": PACKAGE,
  "package-lock.json": LOCK,
  ".env": `PORT=3000\nDATABASE_PASSWORD=q8Zr-72hV-kk1Pq\n`,
  "README.md": "# Shop\n\nSet `API_KEY=your-key-here`.\n",
  "src/index.js": `import { find } from "./orders.js";\nimport { price } from "./price.js";\nimport { settle } from "./settle.js";\nimport { begin } from "./session.js";\nimport { apply } from "./rules.js";\nimport { call } from "./client.js";\nimport { upload } from "./storage.js";\n\nexport { apply, begin, call, find, price, settle, upload };\n`,
  "src/storage.js": `// Where pictures of goods are kept.\nexport const upload = (bucket) => bucket.put;\nexport const options = { region: "eu-west-1", accessKeyId: "${KEY}" };\n`,
  "src/price.js": "export const price = (net, rate) => net + net * rate;\n",
  "src/settle.js": giant(340),
  "src/session.js": `import { randomUUID } from "node:crypto";\n\n// FIXME: the token is never checked for its signature, anybody can log in\nexport const begin = (user) => ({ user, id: randomUUID() });\n`,
  "src/orders.js": `/** Orders of one customer. */\nexport async function find(db, customer) {\n  const safe = await db.query("SELECT count(*) FROM orders WHERE paid = ?", [true]);\n  const rows = await db.query("SELECT * FROM orders WHERE customer = '" + customer + "'");\n  return { rows, safe };\n}\n`,
  "src/rules.js": `export function apply(request) {\n  return eval(request.body.rule);\n}\n`,
  "src/client.js": `import { request } from "node:https";\n\nconst options = { host: "pay.example.com", rejectUnauthorized: false };\nexport const call = (path) => request({ ...options, path });\n`,
  "src/legacy-export.js": "export const toCsv = (rows) => rows.map((row) => row.join(';')).join('\\n');\n",
  "test/price.test.js": `import assert from "node:assert/strict";\nimport { test } from "node:test";\nimport { price } from "../src/price.js";\n\ntest("nothing costs nothing", () => {\n  assert.equal(price(0, 0.2), 0);\n});\n\ntest("tax is added", () => {\n  assert.equal(price(100, 0.2), 119);\n});\n`,
});

const NODE: { readonly [path: string]: string } = {
  "package.json": `{\n  "name": "tidy",\n  "version": "2.0.0",\n  "license": "Apache-2.0",\n  "type": "module",\n  "main": "src/index.js",\n  "scripts": { "test": "node --test" },\n  "dependencies": { "yaml": "^2.6.0" },\n  "devDependencies": { "typescript": "~5.6.0" }\n}\n`,
  "package-lock.json": JSON.stringify({
    lockfileVersion: 3,
    packages: {
      "": { name: "tidy", dependencies: { yaml: "^2.6.0" }, devDependencies: { typescript: "~5.6.0" } },
      "node_modules/yaml": { version: "2.6.1", license: "ISC" },
      "node_modules/typescript": { version: "5.6.3", license: "Apache-2.0", dev: true },
    },
  }),
  ".env.example": "API_KEY=your-api-key-here\nPASSWORD=change-me\n",
  "src/index.js": `import { parse } from "./parse.js";\nimport { store } from "./store.js";\n\n// An etag, not a password.\nimport { createHash } from "node:crypto";\nexport const etag = (text) => createHash("md5").update(text).digest("hex");\nexport { parse, store };\n`,
  "src/parse.js": `/** TODO words in a sentence: what a to-do list holds. Never use eval(input) here. */\nexport function parse(text) {\n  const pattern = /["'](\\w+)["']/g;\n  return [...text.matchAll(pattern)].map(([, word]) => word);\n}\n`,
  "src/store.js": `const TABLE = "things";\nexport const store = {\n  find: (db, id) => db.query(\`SELECT * FROM \${TABLE} WHERE id = $1\`, [id]),\n  all: (sql) => sql\`SELECT * FROM things WHERE owner = \${1}\`,\n  apiKey: process.env.API_KEY,\n  password: "password",\n  sha: "3f786850e387550fdab836ed7e6dc881de23001b",\n};\nconst element = { innerHTML: "" };\nelement.innerHTML = "";\n`,
  "test/parse.test.js": `import assert from "node:assert/strict";\nimport { test } from "node:test";\nimport { parse } from "../src/parse.js";\n\ntest("words are found", () => {\n  assert.deepEqual(parse("'a' \\"b\\""), ["a", "b"]);\n});\n`,
};

const PYTHON: { readonly [path: string]: string } = {
  "pyproject.toml": `[project]\nname = "tidy"\nlicense = { text = "MIT" }\ndependencies = ["requests>=2.31,<3"]\n`,
  "requirements.txt": "requests==2.32.3\nflask==3.0.3\n# a comment\n",
  "tidy/__init__.py": '"""Tidy."""\nfrom .core import run\nfrom . import helpers\n',
  "tidy/core.py": `"""The middle: SELECT * FROM words, as a sentence."""\nimport hashlib\nimport subprocess\n\n\ndef run(db, user_id, path):\n    rows = db.execute("SELECT * FROM users WHERE id = %s", (user_id,))\n    subprocess.run(["ls", path], check=True)\n    return rows, hashlib.sha256(path.encode()).hexdigest()\n`,
  "tidy/helpers.py": `import yaml\n\n\ndef load(text):\n    # it's a safe one\n    return yaml.safe_load(text)\n`,
  "tests/test_core.py": `from tidy.core import run\n\n\ndef test_run():\n    assert run is not None\n`,
};

const TYPED: { readonly [path: string]: string } = {
  "package.json": `{\n  "name": "typed",\n  "version": "1.0.0",\n  "license": "MIT",\n  "type": "module",\n  "exports": "./dist/index.js",\n  "scripts": { "build": "tsc" },\n  "devDependencies": { "typescript": "5.6.3" }\n}\n`,
  "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
  LICENSE: "MIT License\n\nCopyright\n",
  "src/index.ts": `export { Queue } from "./queue.ts";\nexport type { Options } from "./options.ts";\n`,
  "src/options.ts": `/** What may be set. */\nexport interface Options {\n  /** Never a secret itself: the name of the variable that holds it. */\n  readonly tokenVariable: string;\n  readonly endpoint?: string;\n}\nexport const DEFAULTS = { tokenVariable: "SERVICE_TOKEN", endpoint: "https://api.example.com/v1" };\n`,
  "src/queue.ts": `import { DEFAULTS, type Options } from "./options.ts";\n\nexport class Queue<T> {\n  readonly #items: T[] = [];\n  readonly options: Options;\n\n  constructor(options: Partial<Options> = {}) {\n    this.options = { ...DEFAULTS, ...options };\n  }\n\n  push(item: T): void {\n    this.#items.push(item);\n  }\n\n  exec(pattern: RegExp, text: string): string | undefined {\n    return pattern.exec(text)?.[1] ?? \`select one from \${text}\`;\n  }\n}\n`,
  ".github/workflows/ci.yml": `on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    env:\n      TOKEN: \${{ secrets.TOKEN }}\n    steps:\n      - run: npm test\n`,
};

export const CLEAN = [NODE, PYTHON, TYPED];
