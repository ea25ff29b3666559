/** The report of `doctor(connection)`, which is the same for every server. */

/** A thing that Millrace uses of a server. */
export interface DoctorFeature {
  readonly name: string
  /** The first version of the server that has the feature. */
  readonly needs: string
  readonly isThere: boolean
}

/** A setting on which losses depend where the server ends without warning. */
export interface DoctorSetting {
  readonly name: string
  /** As the server says; null where the server does not tell. */
  readonly value: string | null
  /** The confirmed messages that a kill of the server loses; `nothing` where all are kept. */
  readonly kill: string
  /** The confirmed messages that a power cut loses; `nothing` where all are kept. */
  readonly powerCut: string
}

/** The features and the settings of a server. */
export interface DoctorReport {
  /** `nats-server`, `PostgreSQL`, `Redis`, `Valkey` or `Kafka`. */
  readonly server: string
  readonly version: string
  readonly features: readonly DoctorFeature[]
  readonly settings: readonly DoctorSetting[]
  /** A line for each feature that is missing, and for each setting that loses something. */
  readonly warnings: readonly string[]
}

/** Of a kill or a power cut. */
export const NOTHING_LOST = 'nothing'

/** The report with its warnings. `more`: warnings about something else. */
export function reportOf(facts: Omit<DoctorReport, 'warnings'>, more: readonly string[] = []): DoctorReport {
  const { server, version, features, settings } = facts
  const missing = features
    .filter(({ isThere }) => !isThere)
    .map(({ name, needs }) => `${name}: needs ${needs}, and this is ${server} ${version}`)
  return { ...facts, warnings: [...missing, ...settings.flatMap(lossOf), ...more] }
}

function lossOf({ name, value, kill, powerCut }: DoctorSetting): readonly string[] {
  const setting = value === null ? `${name}, which the server does not tell` : `${name} = ${value}`
  if (kill !== NOTHING_LOST && kill === powerCut) return [`${setting}: a kill of the server or a power cut loses ${kill}`]
  const losses = { 'a kill of the server': kill, 'a power cut': powerCut }
  return Object.entries(losses).flatMap(([end, lost]) => (lost === NOTHING_LOST ? [] : [`${setting}: ${end} loses ${lost}`]))
}
