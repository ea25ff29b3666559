export { explore, replay, ScheduleError, type Exploration, type ExploreOptions } from './explore.js'
export type { Finding, FindingKind } from './finding.js'
export type { Event } from './trace.js'
export type { Program, Trial } from './trial.js'
