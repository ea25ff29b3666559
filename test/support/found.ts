import { explore, ScheduleError, type ExploreOptions, type Program } from 'millrace/testing'

/** The error of an exploration that finds a failure. */
export async function found(program: Program, options?: ExploreOptions): Promise<ScheduleError> {
  const error: unknown = await explore(program, options).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof ScheduleError) return error
  throw new Error('nothing was found', { cause: error })
}
