import { defineConfig } from 'vitest/config'

/* Tests stand beside the code they test; suites against a whole server stand in test/.
 *
 * Each file runs in a process of its own (a crashed one takes nobody along, and worker threads inside a test are one
 * level deep, as in the server), two at a time: many tests start threads or servers themselves. Modules are loaded by
 * Node.js itself, as in production: no transformation between the code that is tested and the code that serves. */
export default defineConfig({
  test: {
    include: ['{src,test,scripts,native-bench}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 5_000,
    reporters: ['default', './scripts/closing-line.ts'],
    experimental: { viteModuleRunner: false, nodeLoader: false },
  },
})
