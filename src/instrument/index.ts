export { instrument, type Instrumented, type InstrumentOptions } from './instrument.js'
export { accessFlags, dependences, type Allowance, type Dependence, type Frame, type Hooks, type How, type Site } from './sites.js'
