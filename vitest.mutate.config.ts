import { relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import unit from './vitest.config.js'

/** Those that find a fault soonest; above all the model, which asks no clock whether somebody waits for ever. */
const FIRST = ['test/model/reentrance', 'test/channel/', 'test/operation/', 'test/select/', 'test/model/', 'test/']

class SoonestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification) => {
      const path = relative(project.config.root, moduleId)
      return FIRST.findIndex((prefix) => path.startsWith(prefix))
    }
    return files.toSorted((a, b) => place(a) - place(b) || (a.moduleId < b.moduleId ? -1 : 1))
  }
}

// The suites that a mutant of op, channel and select has to survive (stryker.config.mjs): those of the kernel, without the ones that start
// processes, put on load or watch the heap. Stryker runs them in threads; what they need of Node is in its testRunnerNodeArgs.
export default defineConfig({
  resolve: unit.resolve,
  esbuild: unit.esbuild,
  test: {
    include: [
      'test/{operation,channel,select,model,goroutine}/*.test.ts',
      'test/base/{package-import,ring}.test.ts',
      'test/scheduler/{clock-reads,set-probe}.test.ts',
      'test/context/{invalid-arguments,user-context}.test.ts',
      'test/diagnostics/{wait-reasons,tracker,goroutine-table}.test.ts',
      'test/sync/{mutex,rw-mutex,once}.test.ts',
      'test/groups/{workers,scope,all,map-concurrent}.test.ts',
      'test/time/rate-limiter.test.ts',
      'test/testing/explore-cancel.test.ts',
    ],
    exclude: [
      'test/model/faults.test.ts', // edits the sources itself
      'test/model/no-growth.test.ts',
      'test/model/long-lived.test.ts',
      'test/operation/next-copies.test.ts', // compares sources, which Stryker instruments; it notices every change of a copy
      'test/goroutine/on-crash.test.ts',
    ],
    pool: 'threads',
    sequence: { sequencer: SoonestFirst },
    testTimeout: 20_000, // a mutant that loses a wake-up waits for ever; the statistics of fairness take some seconds, instrumented
  },
})
