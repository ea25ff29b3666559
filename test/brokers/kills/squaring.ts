/** The stage of the kill matrix. */
import { sleep } from 'millrace'
import { stage } from 'millrace/broker'
import * as z from 'zod'

/** The name of its streams. */
export const STAGES = 'kills'

export interface StageSettings {
  readonly port: number
  /** ms. */
  readonly lease: number
}

const item = z.object({ n: z.number(), key: z.string() })

/** Takes 0 to 8 ms for an item. The process with the pipeline has no work of its own: an item that was not worked on elsewhere fails. */
export const squaring = (works: boolean) =>
  stage('squaring', { input: item, output: z.number(), key: ({ key }) => key }, ({ n }) => {
    if (!works) throw new Error(`the item ${n} was worked on in the process of the pipeline`)
    return sleep(n % 9).map(() => n * n)
  })
