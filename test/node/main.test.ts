import { describe, expect, it } from 'vitest'
import { run } from './program.js'

describe.concurrent('the status', () => {
  it.for([
    ['nothing', 0],
    ['zero', 0],
    ['seven', 7],
    ['most', 255],
    ['plain', 4],
    ['async', 5],
    ['exitCode', 3],
    ['zeroOverExitCode', 0],
  ] as const)('is the value that main returned, or 0: %s → %i', async ([name, status]) => {
    expect(await run('status', name)).toMatchObject({ status, stdout: '', stderr: '' })
  })

  it.for([
    ['over', 'RangeError', '256'],
    ['negative', 'RangeError', '-1'],
    ['fraction', 'RangeError', '1.5'],
    ['text', 'TypeError', '"1"'],
    ['null', 'TypeError', 'null'],
  ] as const)('is 1 when main returned a value that is not a status: %s', async ([name, type, shown]) => {
    const { status, stderr } = await run('status', name)
    const expected = 'nothing or an exit status (a whole number from 0 to 255)'
    expect(stderr).toContain(`${type}: main(fn): the result of fn: expected ${expected}, got ${shown}\n`)
    expect(status).toBe(1)
  })

  it('is 1 when main throws, and stderr has the error with its stack and its causes', async () => {
    const { status, stdout, stderr } = await run('status', 'throws')
    expect(stderr).toMatch(/^Refusal: no\n +at .*status\.ts/)
    expect(stderr).toMatch(/\[cause\]: Error: because\n +at .*status\.ts/)
    expect(stderr).toMatch(/\[cause\]: 'of this'/)
    expect(stdout).toBe('')
    expect(status).toBe(1)
  })

  it.for([
    ['plainThrows', /^Error: plainly\n +at /],
    ['rejects', /^Error: asynchronously\n +at /],
    ['throwsText', /^main threw 'just text'\n$/],
    ['throwsNothing', /^main threw undefined\n$/],
    ['deadline', /^\[DeadlineExceededError: context deadline exceeded\]/],
  ] as const)('is 1 for every kind of throw: %s', async ([name, printed]) => {
    const { status, stderr } = await run('status', name)
    expect(stderr).toMatch(printed)
    expect(status).toBe(1)
  })
})

it('main rejects an argument it cannot run and may be called again after that, but not twice', async () => {
  const { status, stdout, stderr } = await run('bad-input')
  expect(stdout.trimEnd().split('\n')).toEqual([
    'TypeError: main(fn): expected a function, got 5',
    'TypeError: main(fn): expected a function, got undefined',
    'TypeError: main(fn, options): expected an object, got null',
    'TypeError: main(fn, options): expected an object, got 10',
    'TypeError: main(fn, { trace }): expected true or false, got "yes"',
    'RangeError: main(fn, { drain }): expected a number of ms, got NaN',
    'TypeError: main(fn, { drain }): expected a number of ms, got "10s"',
    'RangeError: main(fn, { grace }): expected a number of ms, got NaN',
    'TypeError: main(fn, { grace }): expected a number of ms, got "1s"',
    'Error: main: called a second time; a program has one main function',
    'runs',
  ])
  expect(stderr).toBe('')
  expect(status).toBe(0)
})
