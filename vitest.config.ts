import { configDefaults, defineConfig } from "vitest/config";

const timing = ["{src,test}/**/*.timing.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // A busy machine is no fault of what is tested.
    expect: { poll: { timeout: 30_000, interval: 20 } },
    pool: "forks",
    // Tests that measure time run last and one file at a time, so that nothing else of ours is on the clock.
    projects: [
      {
        extends: true,
        test: {
          // Beside the source stand those that touch nothing of the process: loading it once serves them all.
          name: "units",
          include: ["src/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...timing],
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "tests",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...timing],
          // Two more than cores: many tests wait for programs of their own.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: "timing", include: timing, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
