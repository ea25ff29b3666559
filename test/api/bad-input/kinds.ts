/** The values of the sweep, and the kinds of places, each with the values that it accepts. */

const f = function given(): void {}

/** What a caller in JavaScript may pass. */
export const values = {
  undefined,
  null: null,
  NaN,
  '-1': -1,
  '1.5': 1.5,
  Infinity,
  '{}': {},
  '[]': [],
  "''": '',
  symbol: Symbol('given'),
  function: f,
  huge: 2 ** 53,
} as const

export type ValueName = keyof typeof values

const all = Object.keys(values) as ValueName[]
const times: readonly ValueName[] = ['-1', '1.5', 'Infinity', 'huge']

/** The names of the values that a place of this kind accepts. A kind that ends with `?` may be left out. */
export const kinds = {
  anything: all,
  /** Data that JSON gives back as it is. */
  json: ['null', '-1', '1.5', '{}', '[]', "''", 'huge'],
  something: all.filter((name) => name !== 'undefined' && name !== 'null'),
  count: [],
  'count?': ['undefined'],
  /** A count that may be negative. */
  whole: ['-1'],
  /** A count; no limit where it is negative or Infinity. */
  limit: ['-1', 'Infinity'],
  /** A count, or no limit. */
  'limit?': ['undefined', 'Infinity'],
  ms: times,
  'ms?': ['undefined', ...times],
  /** A duration from zero up. */
  'duration?': ['undefined', '1.5', 'Infinity', 'huge'],
  duration: ['1.5', 'Infinity', 'huge'],
  'combine?': ['undefined', 'null', 'function'],
  /** More than 0 ms. */
  interval: ['1.5', 'Infinity', 'huge'],
  'interval?': ['undefined', '1.5', 'Infinity', 'huge'],
  /** 1 ms to what a timer can wait. */
  'lease?': ['undefined', '1.5'],
  'factor?': ['undefined', '1.5', 'Infinity', 'huge'],
  'share?': ['undefined'],
  rate: ['1.5', 'Infinity', 'huge'],
  function: ['function'],
  'function?': ['undefined', 'function'],
  'schedule?': ['undefined', 'function'],
  'flag?': ['undefined'],
  'word?': ['undefined'],
  'word or options?': ['undefined', '{}'],
  word: [],
  /** A text that is not empty. */
  name: [],
  'name?': ['undefined'],
  text: ["''"],
  'text or null': ['undefined', 'null', "''"],
  'text?': ['undefined', "''"],
  ctx: [],
  'ctx?': ['undefined'],
  /** Operations, receivers, pipelines and other objects with methods. */
  object: [],
  'options?': ['undefined', '{}'],
  /** A record that passes options on to the host. */
  'any options': ['undefined', '{}'],
  /** A record with an option that must be there. */
  options: [],
  /** The name of an option that there is not. */
  unknown: [],
  /** An array, or a record, of things that were checked elsewhere; the empty list is no list. */
  list: [],
  /** An input of RxJS: an array and a text are inputs, and so is an iterable. */
  input: ['[]', "''"],
  /** More than 0 ms, and finite. */
  period: ['1.5', 'huge'],
  iterable: ['[]', "''"],
  cases: ['{}', '[]'],
  'any object': ['{}', '[]', 'function'],
  'case?': ['undefined', 'null'],
  /** A token of a schedule. */
  token: [],
  'whole?': ['undefined', '-1'],
  'list?': ['undefined'],
  'object?': ['undefined'],
  'record?': ['undefined', '{}'],
  'list or none': ['undefined', '[]'],
  event: ["''", 'symbol'],
  /** A text, or a list of texts. */
  'texts?': ['undefined', "''", '[]'],
  bound: ['Infinity'],
  'bound?': ['undefined', 'Infinity'],
  /** The values of marbles. */
  'values?': ['undefined', '{}', '[]'],
  'diagram?': ['undefined', 'null', "''"],
  /** The diagram of an observable that does nothing. */
  silence: ["''"],
  logs: ['[]'],
  /** None, or the diagram without a subscription. */
  diagrams: ['[]', "''"],
  members: ['{}', '[]'],
  record: ['{}'],
  'record or null': ['null', '{}'],
} as const satisfies Record<string, readonly ValueName[]>

export type Kind = keyof typeof kinds

/** A place: its kind, and a program that hands a value in there and then uses it, in a bubble. */
export type Place = readonly [kind: Kind, program: (value: never) => unknown, ...named: string[]]

export type Table = Readonly<Record<string, Place>>

/** The places of a record of options: the record, each option, and an option that there is not. */
export function optionsOf(
  call: string,
  parameter: string,
  kind: 'options' | 'options?',
  each: Record<string, Kind>,
  program: (options: never) => unknown,
  required: object = {},
): Table {
  const run = program as (options: unknown) => unknown
  const option = (name: string): Place => [each[name], (value) => run({ ...required, [name]: value })]
  const unknown: Place = ['unknown', (value) => run({ ...required, misspelled: value }), 'misspelled']
  return {
    [`${call}(${parameter})`]: [kind, run],
    [`${call}({ unknown })`]: unknown,
    ...Object.fromEntries(Object.keys(each).map((name) => [`${call}({ ${name} })`, option(name)])),
  }
}

/** The options with a function of names in place of the function of the sweep, which returns nothing. */
export function naming<T extends object>(options: T, option: keyof T): T {
  return options?.[option] === f ? { ...options, [option]: () => 'name' } : options
}

/** What the sources of all brokers take. */
export const pulls = { beat: 'interval?', deadline: 'ms?', name: 'text?', prefetch: 'count?', window: 'count?', patience: 'ms?' } as const

/** What the stages that publish to a broker take. */
export const publishes = { id: 'function?', key: 'function?', value: 'function?', window: 'count?', patience: 'ms?' } as const
