export { FaultError, isFault } from './fault-error.js'
export { Injector, type FaultBudget, type FaultKind, type Faults } from './faults.js'
