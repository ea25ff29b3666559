// Mutation tests of operation, channel and select: `npm run mutate`. What it finds, and what is left, is told in docs/mutation.md.

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['channel', 'operation', 'select', 'base/ring', 'base/random'].map(
    (room) => `src/runtime/${room}${room.startsWith('base') ? '' : '/*'}.ts`,
  ),
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutate.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunnerNodeArgs: ['--expose-gc'],
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // Generous, so that a machine that is busy makes nothing of a mutant that is only slow: nearly all that hang run into the limit of hits
  // or the time of a test, which is 20 s.
  timeoutMS: 30_000,
  timeoutFactor: 3,
  dryRunTimeoutMinutes: 10,
  // reports/ is ignored by everything else already.
  tempDirName: 'reports/mutation/sandbox',
  ignorePatterns: ['/reports', '/dist', '/bench', '/examples', '/docs', '/.ci'],
  reporters: ['progress-append-only', 'clear-text', 'html', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  thresholds: { high: 95, low: 92, break: 90 },
}
