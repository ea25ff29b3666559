/** The processes of vitest: one for each suite that runs alone, and two that the others share (test/alone.ts). */
import type { Plugin } from 'vitest/config'
import {
  ForksPoolWorker,
  type PoolRunnerInitializer,
  type PoolTask,
  type TestSequencer,
  type TestSpecification,
  type Vitest,
  type WorkerRequest,
} from 'vitest/node'
import { isAlone } from './alone.js'

const hasAlone = ({ files }: { readonly files: readonly { readonly filepath: string }[] }): boolean =>
  files.some(({ filepath }) => isAlone(filepath))

class SharedProcess extends ForksPoolWorker {
  override name = 'shared processes'
  private _isTaken = false

  override send(message: WorkerRequest): void {
    if (message.type === 'run' || message.type === 'collect') this._isTaken = hasAlone(message.context)
    super.send(message)
  }

  canReuse({ context }: PoolTask): boolean {
    return !this._isTaken && !hasAlone(context)
  }
}

/** Works with `isolate: false` and two workers or more: vitest gives a single worker all files at once. */
export const sharedProcesses: PoolRunnerInitializer = {
  name: 'shared processes',
  createPoolWorker: (options) => new SharedProcess(options),
}

/** First the suites that run alone, the long ones first; then the others without a break, so that their processes are kept. */
class AloneFirst implements TestSequencer {
  constructor(private readonly _chosen: TestSequencer) {}

  shard(files: TestSpecification[]) {
    return this._chosen.shard(files)
  }

  async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await this._chosen.sort(files)
    return [true, false].flatMap((first) => sorted.filter(({ moduleId }) => isAlone(moduleId) === first))
  }
}

export const aloneFirst: Plugin = {
  name: 'suites alone first',
  configureVitest({ vitest }) {
    const { sequence } = vitest.config
    const { sequencer: Chosen } = sequence // by duration, or shuffled
    sequence.sequencer = class extends AloneFirst {
      constructor(context: Vitest) {
        super(new Chosen(context))
      }
    }
  },
}
