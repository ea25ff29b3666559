/**
 * Meters as metrics of OpenTelemetry, if its API is registered in this process. The API keeps itself under a symbol of
 * its own, where this file looks for it: nothing is imported, and all of it is optional.
 */
const API = Symbol.for('opentelemetry.js.api.1')

/** The part of the API that is used, in its version 1. */
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

type Value = 'items' | 'errors' | 'depth' | 'wait' | 'saturation'

/** A meter, as its metrics see it. */
export interface Instrumented {
  readonly name: string
  read(): Readonly<Record<Value, number>>
}

const METRICS: readonly { readonly value: Value; readonly isCounter: boolean; readonly options: InstrumentOptions }[] = [
  { value: 'items', isCounter: true, options: { description: 'Items that have passed', unit: '{item}' } },
  { value: 'errors', isCounter: true, options: { description: 'Subscriptions that ended in an error', unit: '{error}' } },
  { value: 'depth', isCounter: false, options: { description: 'Items in the stage below', unit: '{item}' } },
  { value: 'wait', isCounter: false, options: { description: 'How long the stage below is full at a time, on average', unit: 'ms' } },
  { value: 'saturation', isCounter: false, options: { description: 'The share of time in which the stage below is full', unit: '1' } },
]

/** Called once for each meter, when it is first used. The API reads the meter when it collects metrics. */
export function instrument(meter: Instrumented): void {
  const api = (globalThis as { [API]?: { metrics?: { getMeter(name: string): MeterOfApi } } })[API] // only the API uses this symbol
  const provider = api?.metrics
  if (provider === undefined) return
  const metrics = provider.getMeter('millrace')
  const attributes = { 'millrace.meter': meter.name }
  for (const { value, isCounter, options } of METRICS) {
    const name = `millrace.${value}`
    const instrument = isCounter ? metrics.createObservableCounter(name, options) : metrics.createObservableGauge(name, options)
    instrument.addCallback((result) => result.observe(meter.read()[value], attributes))
  }
}
