// All suites run on every engine, but for these: the one list of what runs where. `run.mjs` writes it into docs/engines.md, with the reasons.

export const engines = ['bun', 'deno', 'chromium']

/** Suites of random programs run this part of their programs: they look for faults of ours, and Node runs them all. */
export const portion = 0.1

/** Suites left out, on the engines named or else on all. */
export const notPortable = [
  {
    suites: ['test/brokers/**'],
    reason: 'start servers of message brokers; a configuration of their own runs them on Node',
  },
  {
    suites: ['test/api/**', 'test/docs/**', 'test/examples/**', 'test/consumers/**', 'test/types/**'],
    reason: 'check files of the repository with compilers, linters and processes',
  },
  {
    suites: ['test/node/{main,main-*,dump-on-signal,terminal,watch}.test.ts'],
    reason: "test Node's process: signals, status, terminal, handles of watches",
  },
  { suites: ['test/node/stream-iter.test.ts'], reason: 'test `node:stream/iter`, which Node has' },
  { suites: ['test/node/**'], engines: ['chromium'], reason: 'test `millrace/node`, which is for Node, Bun and Deno' },
  {
    suites: ['test/scheduler/{process-exit,slices-in-a-process}.test.ts', 'test/goroutine/crash-in-a-process.test.ts'],
    reason: 'start programs in processes of Node',
  },
  {
    suites: ['test/diagnostics/trace-starts.test.ts'],
    engines: ['deno', 'chromium'],
    reason: 'starts a program through a loader of Node',
  },
  {
    suites: ['test/base/rxjs-import-order.test.ts', 'test/{fp-ts/bundling,diagnostics/minified-bundle,model/faults}.test.ts'],
    reason: 'load or build the package in a way of their own: with require, with esbuild',
  },
  {
    suites: ['test/pipelines/faults.test.ts', 'test/programs/random-faults.test.ts', 'test/laws/{broken,broken-brokers}.test.ts'],
    reason: 'test the tests: random pipelines, random programs and laws find the faults that are put into the package',
  },
  {
    suites: ['test/testing/race/{command,forms,plain,vitest}.test.ts'],
    reason: 'look for races in plain async code with the promise hooks of Node, in its processes',
  },
  { suites: ['test/vite/**'], reason: 'test plugins of build tools, which run on Node' },
  { suites: ['test/instrument/**'], reason: 'rewrite sources as a build tool or a loader does, on Node, and compare messages of V8' },
  { suites: ['test/model/no-growth.test.ts', 'test/model/long-lived.test.ts'], reason: 'measure the heap of V8 to the byte' },
  {
    suites: ['test/goroutine/async-context.test.ts', 'test/base/async-scope.test.ts'],
    engines: ['chromium'],
    reason: 'use AsyncLocalStorage, which a browser does not have',
  },
  {
    suites: ['test/pipelines/**', 'test/goroutine/user-code.test.ts'],
    engines: ['chromium'],
    reason: "watch the events of Node's process",
  },
  { suites: ['test/operation/next-copies.test.ts'], engines: ['chromium'], reason: 'reads the sources' },
  {
    suites: ['test/testing/{outsiders,outsiders-in-real-time}.test.ts'],
    engines: ['chromium'],
    reason: 'tell code outside a bubble by its async context, which a browser does not have',
  },
  {
    suites: [
      'test/{channel/send-passed-on,context/from-signal,laws/adapters-complete,operation/cut-off,operators/telemetry,programs/digests}.test.ts',
    ],
    engines: ['chromium'],
    reason: 'import modules of Node: events, fs, http, crypto, util',
  },
  {
    suites: ['test/web/*-over-sockets.test.ts'],
    engines: ['chromium'],
    reason: 'start servers, which a page cannot',
  },
  {
    suites: ['test/threads/{atomics,channels,collected-ends,moved,numbers,on-threads,shared,thread,thread-pool,threads-of}.test.ts'],
    engines: ['deno'],
    reason: 'start threads over the sources, for which Deno would need a bundle',
  },
  {
    suites: ['test/threads/{atomics-go,inline-async-context,kill-matrix,main}.test.ts'],
    engines: ['chromium'],
    reason: 'use modules of Node, its processes, its bundler or Go',
  },
  { suites: ['test/threads/deadlock.test.ts'], reason: 'runs programs whose threads are those of Node' },
  { suites: ['test/fast-check/channel-program.test.ts'], reason: 'runs the TypeScript compiler over programs, for a minute' },
  { suites: ['test/goroutine/compiled-generators.test.ts'], engines: ['chromium'], reason: 'runs the TypeScript compiler' },
  {
    suites: ['test/operation/two-copies.test.ts', 'test/operators/stopped-notification.test.ts'],
    engines: ['chromium'],
    reason: 'load the package twice, which vitest does not do in a browser',
  },
]

/** Tests that fail on an engine for a reason of the engine. */
export const differences = [
  {
    engine: 'bun',
    tests: [
      'fromSignal of a long-lived signal remembers nothing of those that nobody watches since their children have ended',
      'one reaction holds nothing of a select that is over',
    ],
    reason: 'the collector of JavaScriptCore takes what stands on the stack for a reference, so a single object may stay',
  },
]

export const isLeftOut = (entry, engine) => entry.engines === undefined || entry.engines.includes(engine)
