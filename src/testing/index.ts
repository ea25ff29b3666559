export { bubble, BubbleError, type Bubble, type BubbleOptions } from './bubble/bubble.js'
export {
  explore,
  replay,
  ScheduleError,
  type Exploration,
  type ExploreOptions,
  type Hit,
  type HitExploration,
  type HitOptions,
  type ReplayOptions,
} from './explore/explore.js'
export { ignoreRaces, RaceError, shared, watch, type RaceAccess, type RaceLevel, type RaceOptions, type SharedCell } from './race/index.js'
export type { RaceConfirmation } from './explore/confirm.js'
export type { Finding, FindingKind, FormerFindingKind } from './explore/findings.js'
export {
  laws,
  LawError,
  type AdapterLawOptions,
  type BrokerLawLink,
  type BrokerLawOptions,
  type BrokerLawSubject,
  type BrokerSettings,
  type ChannelLawOptions,
  type Law,
  type LawOptions,
  type LawWork,
  type MakeChannel,
  type MakeOperator,
  type MakeSink,
  type MakeSource,
  type DestroyAdapter,
  type OpenAdapter,
  type OpenBroker,
  type OperatorLawOptions,
  type SinkEnd,
  type SinkLawOptions,
  type SourceLawOptions,
  type StoredMessage,
} from './laws/index.js'
export { dump, expectNoLeaks, LeakError, watchGoroutines, type GoroutineWatch, type TestHooks } from './leaks.js'
export {
  marbles,
  MarbleError,
  type ColdObservable,
  type HotObservable,
  type Marbles,
  type MarbleValues,
  type ObservableExpectation,
  type SubscriptionExpectation,
  type SubscriptionLog,
} from './marbles/marbles.js'
export { dumpText, type Dump, type GoroutineState, type LockHolder } from '../runtime/internal.js'
export type { Event } from './explore/trace.js'
export type { Program, Trial } from './explore/trial.js'
export { FaultError, type FaultBudget, type FaultKind, type Faults } from './faults/index.js'
