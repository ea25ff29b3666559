/** A law of brokers as data. */
import type { BrokerSettings } from './subject.js'
import type { BrokerRun, Use } from './run.js'

export interface BrokerRecord {
  readonly name: string
  readonly meaning: string
  /** Default: both. */
  readonly uses?: readonly Use[]
  readonly settings?: Partial<BrokerSettings>
  /** Whether the schedule also loses acknowledgements and delivers twice. */
  readonly withFaults?: boolean
  readonly program: (run: BrokerRun) => Generator<never, void>
}
