/**
 * Meters as metrics of OpenTelemetry, if its API has been registered in this process: it keeps itself under a symbol of its own, where it is
 * looked for. Nothing is imported, and all of it is optional.
 */
import type { Gauge, Reading } from './meter.js'

const API = Symbol.for('opentelemetry.js.api.1')

/** What is needed of the API, as its version 1 has it. */
interface Observation {
  observe(value: number, attributes: Record<string, string>): void
}
interface Instrument {
  addCallback(callback: (result: Observation) => void): void
}
interface MeterOfApi {
  createObservableCounter(name: string, options: InstrumentOptions): Instrument
  createObservableGauge(name: string, options: InstrumentOptions): Instrument
}
interface InstrumentOptions {
  readonly description: string
  readonly unit: string
}

const METRICS: readonly {
  readonly value: 'items' | 'errors' | 'depth' | 'wait' | 'saturation'
  readonly isCounter: boolean
  readonly options: InstrumentOptions
}[] = [
  { value: 'items', isCounter: true, options: { description: 'Items that have passed', unit: '{item}' } },
  { value: 'errors', isCounter: true, options: { description: 'Subscriptions that ended in an error', unit: '{error}' } },
  { value: 'depth', isCounter: false, options: { description: 'Items in the stage below', unit: '{item}' } },
  { value: 'wait', isCounter: false, options: { description: 'How long the stage below is full at a time, on average', unit: 'ms' } },
  { value: 'saturation', isCounter: false, options: { description: 'The share of time in which the stage below is full', unit: '1' } },
]

/** Called once for each meter, when it is first used. The readings are made when metrics are collected. */
export function instrument(gauge: Gauge): void {
  const api = (globalThis as { [API]?: { metrics?: { getMeter(name: string): MeterOfApi } } })[API] // whoever registered it says so
  const provider = api?.metrics
  if (provider === undefined) return
  const meter = provider.getMeter('millrace')
  const attributes = { 'millrace.meter': gauge.name }
  for (const { value, isCounter, options } of METRICS) {
    const name = `millrace.${value}`
    const instrument = isCounter ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options)
    instrument.addCallback((result) => result.observe((gauge.read() satisfies Reading)[value], attributes))
  }
}
