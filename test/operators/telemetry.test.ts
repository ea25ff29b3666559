/** Meters as metrics of OpenTelemetry: with its own API and SDK registered, and with neither. */
import { diag, DiagLogLevel, metrics as api } from '@opentelemetry/api'
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  MetricReader,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import { background, sleep } from 'millrace'
import { fromIterable, meter, run, workerPool, type Meter } from 'millrace/operators'
import { readdirSync, readFileSync } from 'node:fs'
import { throwError } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { virtualTime } from '../support/virtual-time.js'

/** Where the API of OpenTelemetry keeps what is registered. */
const key = Symbol.for('opentelemetry.js.api.1')
const registry = globalThis as { [key]?: unknown }

/** Collects when it is asked to. */
class ManualReader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve()
  }
  protected onShutdown(): Promise<void> {
    return Promise.resolve()
  }
}

interface Row {
  readonly unit: string
  readonly description: string
  readonly kind: 'counter' | 'gauge'
  /** By the name of the meter. */
  readonly values: Record<string, number>
}

/** What is in the scope of this library, by the name of the metric. */
function rowsOf({ scopeMetrics }: ResourceMetrics): Record<string, Row> {
  expect(scopeMetrics.map(({ scope }) => scope.name)).toEqual(['millrace'])
  const rows = scopeMetrics.flatMap(({ metrics }) => metrics)
  return Object.fromEntries(
    rows.map((one) => {
      const isCounter = one.dataPointType === DataPointType.SUM && one.isMonotonic
      expect(isCounter || one.dataPointType === DataPointType.GAUGE).toBe(true)
      const values = one.dataPoints.map(({ attributes, value }) => {
        expect(Object.keys(attributes)).toEqual(['millrace.meter'])
        return [attributes['millrace.meter'], value] as const
      })
      const { unit, description, name } = one.descriptor
      return [name, { unit, description, kind: isCounter ? 'counter' : 'gauge', values: Object.fromEntries(values) as Row['values'] }]
    }),
  )
}

function valuesOf(rows: Record<string, Row>, name: string): Record<string, number | undefined> {
  return Object.fromEntries(Object.entries(rows).map(([metric, { values }]) => [metric, values[name]]))
}

/** The same as a reading. */
function readingOf(one: Meter): Record<string, number> {
  const { items, errors, depth, wait, saturation } = one.read()
  return {
    'millrace.items': items,
    'millrace.errors': errors,
    'millrace.depth': depth,
    'millrace.wait': wait,
    'millrace.saturation': saturation,
  }
}

const tenMs = function* (n: number): Generator<never, number> {
  yield* sleep(10)
  return n
}

const pipelineOf = (one: Meter, items: number, n = 2) =>
  run(background, fromIterable(Array.from({ length: items }, (_, i) => i)).pipe(one, workerPool(n, tenMs)))

describe('where a provider is registered', () => {
  const reader = () => new ManualReader({ aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE })
  let manual = reader()
  let complaints: string[] = []

  const collect = async (): Promise<Record<string, Row>> => {
    const { resourceMetrics, errors } = await manual.collect()
    expect(errors).toEqual([])
    return rowsOf(resourceMetrics)
  }

  beforeEach(() => {
    complaints = []
    const complain = (message: string): void => void complaints.push(message)
    diag.setLogger({ error: complain, warn: complain, info: complain, debug() {}, verbose() {} }, DiagLogLevel.ALL)
    manual = reader()
    expect(api.setGlobalMeterProvider(new MeterProvider({ readers: [manual] }))).toBe(true)
  })
  afterEach(async () => {
    api.disable()
    diag.disable()
    await manual.shutdown()
    expect(complaints).toEqual([])
  })

  it('a meter is five metrics, each with its unit, told apart by the name of the meter', async () => {
    await pipelineOf(meter('described'), 1).join()
    const rows = await collect()
    const shapes = Object.entries(rows).map(([name, { unit, kind }]) => [name, kind, unit])
    expect(shapes).toEqual([
      ['millrace.items', 'counter', '{item}'],
      ['millrace.errors', 'counter', '{error}'],
      ['millrace.depth', 'gauge', '{item}'],
      ['millrace.wait', 'gauge', 'ms'],
      ['millrace.saturation', 'gauge', '1'],
    ])
    for (const { description, values } of Object.values(rows)) {
      expect(description).not.toBe('')
      expect(Object.keys(values)).toEqual(['described'])
    }
  })

  it('the values are those of read() at the time of the collection', async () => {
    using clock = virtualTime()
    const jobs = meter('jobs')
    const pipeline = pipelineOf(jobs, 5)
    await clock.advance(15)
    const during = await collect()
    expect(valuesOf(during, 'jobs')).toEqual(readingOf(jobs))
    expect(valuesOf(during, 'jobs')).toMatchObject({ 'millrace.items': 4, 'millrace.depth': 2, 'millrace.saturation': 1 })
    await clock.advance(25)
    await pipeline.join()
    const after = await collect()
    expect(valuesOf(after, 'jobs')).toEqual(readingOf(jobs))
    expect(valuesOf(after, 'jobs')).toMatchObject({ 'millrace.items': 5, 'millrace.depth': 0, 'millrace.errors': 0 })
    expect(after['millrace.saturation']?.values['jobs']).toBeLessThan(1)
    expect(after['millrace.wait']?.values['jobs']).toBeGreaterThan(0)
  })

  it('all pipelines of a meter count as one, and an error is counted', async () => {
    const shared = meter('shared')
    await pipelineOf(shared, 3).join()
    await pipelineOf(shared, 4).join()
    await run(background, throwError(() => 'no').pipe(shared)).join().attempt() // prettier-ignore
    expect(valuesOf(await collect(), 'shared')).toMatchObject({ 'millrace.items': 7, 'millrace.errors': 1 })
  })

  it('several meters share the five metrics', async () => {
    const [left, right] = [meter('left'), meter('right')]
    await pipelineOf(left, 1).join()
    await pipelineOf(right, 2).join()
    const rows = await collect()
    expect(Object.keys(rows)).toHaveLength(5)
    expect(rows['millrace.items']?.values).toEqual({ left: 1, right: 2 })
  })

  it('a meter that was never subscribed to is no metric', async () => {
    meter('unused')
    expect((await manual.collect()).resourceMetrics.scopeMetrics).toEqual([])
  })

  it('an exporter gets the same, where a reader pushes', async () => {
    api.disable()
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] })
    api.setGlobalMeterProvider(provider)
    try {
      const pushed = meter('pushed')
      await pipelineOf(pushed, 3).join()
      await provider.forceFlush()
      const [first] = exporter.getMetrics()
      expect(first && rowsOf(first)['millrace.items']?.values).toEqual({ pushed: 3 })
    } finally {
      await provider.shutdown()
    }
  })

  it('registered after a meter was made and before its first subscription is in time; later is too late', async () => {
    const provider = new MeterProvider({ readers: [(manual = reader())] })
    api.disable()
    const [early, late] = [meter('early'), meter('late')]
    await pipelineOf(early, 1).join()
    api.setGlobalMeterProvider(provider)
    await pipelineOf(early, 1).join()
    await pipelineOf(late, 1).join()
    expect((await collect())['millrace.items']?.values).toEqual({ late: 1 })
    expect(early.read().items).toBe(2)
  })
})

describe('where none is registered', () => {
  afterEach(() => void delete registry[key])

  it('nothing is registered, and the meter reads as ever', async () => {
    delete registry[key]
    const quiet = meter('quiet')
    await pipelineOf(quiet, 2).join()
    expect(key in registry).toBe(false)
    expect(quiet.read().items).toBe(2)
  })

  it('an API without metrics is none', async () => {
    registry[key] = { version: '1.9.0' }
    const quiet = meter('quiet')
    await pipelineOf(quiet, 1).join()
    expect(registry[key]).toEqual({ version: '1.9.0' })
    expect(quiet.read().items).toBe(1)
  })

  it('no source of ours names the package, so none is loaded', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    expect(sources).toContain('operators/reports/telemetry.ts')
    expect(sources.filter((name) => readFileSync(`src/${name}`, 'utf8').includes('@opentelemetry/'))).toEqual([])
  })
})
