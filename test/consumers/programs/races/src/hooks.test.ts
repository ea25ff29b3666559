import { beforeAll, describe, test } from 'vitest'

const wait = (): Promise<void> => new Promise((resume) => setTimeout(resume, 1))
const counter = { started: 0, sum: 0 }

async function start() {
  const started = counter.started
  await wait()
  counter.started = started + 1
}

async function add(n: number) {
  const sum = counter.sum
  await wait()
  counter.sum = sum + n
}

beforeAll(async () => {
  await Promise.all([start(), start()])
})

test('after a hook with a race', () => {})

test('after that', () => {})

describe.concurrent('side by side', () => {
  test('one', () => add(1))
  test('other', () => add(2))
})
