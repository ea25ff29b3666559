import { defineConfig } from 'vitest/config'

// The examples as a user runs them: real processes, the built package, timers and loopback sockets.
export default defineConfig({
  test: {
    include: ['test/examples/**/*.test.ts'],
    passWithNoTests: true,
    pool: 'forks',
    fileParallelism: false, // they measure time
    testTimeout: 60_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'reports/examples.json' },
  },
})
