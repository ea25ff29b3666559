// What Vitest reports of this project: the tests that fail, each with a part of its message, and what is said after the run.

const lostUpdate = `stale write of account.balance: it goes by a read from before a wait, and another write came in between
  async withdraw#3 reads in withdraw (src/account.ts:14:7):  if (account.balance < amount) return 'refused'
  async withdraw#3 waits in withdraw (src/account.ts:15:3):  await bank()
  async withdraw#2 writes in withdraw (src/account.ts:16:3):  account.balance -= amount
  async withdraw#3 writes in withdraw (src/account.ts:16:3), going by the read:  account.balance -= amount
  async withdraw#3 was started by the host in src/account.test.ts:21:49, held nothing
  async withdraw#2 was started by the host in src/account.test.ts:21:24, held nothing
  Nothing orders them: they have shared no lock, channel, group or join.
  One way out: hold a mutex from the read to the write, or read again after the wait.`

/** A race of two tests is a failure of the one that ends after it. */
const racy = {
  'a lost update': lostUpdate,
  'a lost deposit': 'deposit#2 reads in deposit (src/account.ts:36:19):  const balance = account.balance',
  operators: 'writes in add (src/account.test.ts:72:7), going by the read:  seen.sum = sum + n',
  'after a hook with a race': 'Found before this test, in a hook, a module or code that went on.',
  'one other': 'Found while these tests ran side by side: one, other.',
}

/** The same in each mode: the column is that of the source. */
const plain = { 'a failure has its place': 'src/account.test.ts:84:34' }

const said = ['race-ok is not used: src/account.ts:47 (covers nothing)', 'race({ ignore }) is not used: stats.first']

/**
 * What differs from that.
 * @param {'race' | 'test'} mode
 * @param {string} stdout of the reporter `json`
 * @param {string} stderr
 * @returns {string[]}
 */
export function faultsOf(mode, stdout, stderr) {
  const expected = mode === 'race' ? { ...racy, ...plain } : plain
  const failed = new Map()
  for (const { assertionResults } of JSON.parse(stdout.slice(stdout.indexOf('{'))).testResults)
    for (const { title, status, failureMessages } of assertionResults)
      if (status !== 'passed') failed.set(title === 'one' || title === 'other' ? 'one other' : title, failureMessages.join('\n'))
  const told = mode === 'race' ? said : []
  return [
    ...[...failed.keys()].filter((title) => !(title in expected)).map((title) => `${title}: fails: ${failed.get(title)}`),
    ...Object.entries(expected)
      .filter(([title, part]) => failed.get(title)?.includes(part) !== true)
      .map(([title, part]) => `${title}: expected a failure with\n${part}\ngot\n${failed.get(title) ?? 'none'}`),
    ...told.filter((line) => !stderr.includes(line)).map((line) => `expected on stderr: ${line}, got\n${stderr}`),
    ...(stderr.match(/not used: .*/g) ?? []).filter((line) => !told.some((one) => one.endsWith(line))).map((line) => `said: ${line}`),
  ]
}
