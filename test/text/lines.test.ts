import { background, sleep } from 'millrace'
import { bounds, collect, fromIterable, run, workerPool } from 'millrace/operators'
import { laws } from 'millrace/testing'
import { lines, LineTooLongError } from 'millrace/web/operators'
import { concat, map, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'

const linesOf = (chunks: Iterable<string | Uint8Array>) => collect(background, fromIterable(chunks).pipe(lines())).join()

describe('laws', () => {
  const suite = laws.operator<number>(
    () => (source) =>
      source.pipe(
        map((n) => `${n}\n`),
        lines(),
        map((line: string) => Number(line)),
      ),
    { bound: 1, works: false, schedules: 50, many: 500 },
  )
  it.each(suite)('$name: $meaning', (law) => law.check())
})

const text = 'häuser\r\n\r\n€uro 😀\nlast'
const expected = ['häuser', '', '€uro 😀', 'last']

it('is the same wherever bytes and strings are cut', async () => {
  const bytes = new TextEncoder().encode(text)
  for (let size = 1; size <= bytes.length; size++) {
    const cuts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
    expect(await linesOf(cuts)).toEqual(expected)
    expect(await linesOf(text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [])).toEqual(expected)
  }
})

it('an end after the last line makes no line of its own; no text makes none', async () => {
  expect(await linesOf(['a\n', '\n'])).toEqual(['a', ''])
  expect(await linesOf([])).toEqual([])
  expect(await linesOf(['', new Uint8Array(0)])).toEqual([])
  expect(await linesOf([new Uint8Array([0xef, 0xbb, 0xbf, 97])])).toEqual(['a'])
})

it('a byte order mark is dropped at the beginning only, of bytes and of strings', async () => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  expect(await linesOf(['', '\ufeffa\n\ufeffb'])).toEqual(['a', '\ufeffb'])
  expect(await linesOf([bytes('\ufeff'), '\ufeffa\n'])).toEqual(['\ufeffa'])
  expect(await linesOf([...bytes('\ufeffa')].map((byte) => new Uint8Array([byte])))).toEqual(['a'])
  expect(await linesOf(['\ufeff'])).toEqual([])
})

it('a character that a string cuts off is replaced, in its place', async () => {
  expect(await linesOf([new Uint8Array([0xe2, 0x82]), 'b\n', new Uint8Array([0xe2])])).toEqual(['\ufffdb', '\ufffd'])
})

it('a line of 8 MB in many chunks, and 100,000 lines in one', async () => {
  const [long] = await linesOf(Array.from({ length: 512 }, () => 'x'.repeat(16_384)))
  expect(long).toHaveLength(8 * 1024 * 1024)
  expect(await linesOf(['a\n'.repeat(100_000)])).toHaveLength(100_000)
})

it('a line that is too long names its number, after the lines before it', async () => {
  const seen: string[] = []
  const pipeline = fromIterable(['a\nb\n', 'x'.repeat(8), 'yyy\nc\n']).pipe(
    lines({ maxLength: 10 }),
    map((line) => seen.push(line)),
  )
  const error: unknown = await run(background, pipeline)
    .join()
    .attempt()
    .then((end) => (end._tag === 'Left' ? end.left : null))
  expect(error).toBeInstanceOf(LineTooLongError)
  expect(error).toMatchObject({ line: 3 })
  expect(seen).toEqual(['a', 'b'])
})

it('pauses the source while a slow stage works on the lines of a chunk', async () => {
  let made = 0
  const chunks = function* () {
    for (; made < 100; made++) yield 'a\nb\nc\n'
  }
  let done = 0
  let ahead = 0
  const slow = workerPool(1, async (line: string) => {
    await sleep(0)
    done++
    ahead = Math.max(ahead, made - done / 3)
    return line
  })
  await run(background, fromIterable(chunks()).pipe(lines(), slow)).join()
  expect(done).toBe(300)
  expect(ahead).toBeLessThanOrEqual(2)
})

it('an error of the source comes after the line under way', async () => {
  const error = new Error('broken')
  const seen: string[] = []
  const source = concat(
    fromIterable(['a\nb']),
    throwError(() => error),
  )
  await expect(
    run(
      background,
      source.pipe(
        lines(),
        map((line) => seen.push(line)),
      ),
    ).join(),
  ).rejects.toBe(error)
  expect(seen).toEqual(['a', 'b'])
})

it('a chunk of another type fails; options are checked', async () => {
  await expect(linesOf([7 as never])).rejects.toThrow(TypeError)
  for (const wrong of [0, -1, 1.5, NaN]) expect(() => lines({ maxLength: wrong })).toThrow(RangeError)
  expect(bounds(fromIterable(['']).pipe(lines())).items).toBe(1)
})
