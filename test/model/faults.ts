/**
 * Faults that channels and selects have had, here or elsewhere, as edits of our own sources; the model suite must catch each of them. When a
 * source changes so that an edit no longer fits, rewrite the edit, not the fault.
 */
import type { Edit } from './mutant.js'

export interface Fault {
  readonly name: string
  readonly edits: readonly Edit[]
}

const inFile =
  (file: string) =>
  (name: string, find: string, put: string): Fault => ({ name, edits: [{ file, find, put }] })

const channel = inFile('channel/channel.ts')
const waiting = inFile('channel/operations.ts')
const waiter = inFile('operation/waiter.ts')
const cases = inFile('operation/case.ts')
const select = inFile('select/choice.ts')
const operation = inFile('operation/operation.ts')
const performer = inFile('operation/performer.ts')
const performing = inFile('operation/perform.ts')
const goroutine = inFile('goroutine/task.ts')

export const faults: readonly Fault[] = [
  // A waiter is stolen: taken out of its queue, and never told.
  channel('a send steals the receiver', 'receiver.settle(value)\n      return true', 'return true'),
  channel('a receive steals the sender', 'sender.settle(undefined)\n      return value', 'return value'),
  channel('a sender is admitted to the buffer and not told', 'sender.settle(undefined)\n  }', '}'),
  channel('a value given back steals the receiver', 'receiver.settle(value)\n      return\n', 'return\n'),
  channel('values given back are turned around', 'a - b', 'b - a'),
  channel('a close forgets the receivers', 'this._receivers.settleAll(CLOSED)', ''),
  channel('a close forgets the senders', 'this._senders.settleAll(CLOSED)', ''),

  // The refill.
  channel('the refill is forgotten', 'if (buffer.size < this.capacity || this._closed) this._admit()', ''),
  channel('the refill goes over the capacity', 'if (buffer.size < this.capacity || this._closed) this._admit()', 'this._admit()'),
  channel('the buffer holds one too many', 'if (this._buffer.size >= this.capacity)', 'if (this._buffer.size > this.capacity)'),
  waiting('a sender parks without its value', 'waiter.raw = this.value', ''),
  channel('a sliding buffer loses the newest', "if (this._loses === 'newest') return true", 'if (this._loses !== null) return true'),
  channel('a dropping buffer loses the oldest', "if (this._loses === 'newest') return true", ''),

  // Losers of a select, and others who leave.
  cases('the losers stay parked', 'one.operation.withdraw(one)', ''),
  waiting(
    'a loser removes the head of the receivers, not itself',
    'this.channel.receivers.remove(waiter)',
    'this.channel.receivers.shift()',
  ),
  waiting('a loser removes the head of the senders, not itself', 'this.channel.senders.remove(waiter)', 'this.channel.senders.shift()'),
  select('a nested choice that loses stays parked', 'withdrawCases(waiter)', ''),
  operation('an operation within a context stays parked when it loses', 'withdrawCases(waiter)', ''),
  goroutine('a canceled goroutine stays parked', 'this.operation?.withdraw(this)', ''),
  performing('a subscriber who left stays parked', 'else operation.withdraw(this)', ''),
  select(
    'a loser has an effect',
    'return this.result(first, value)',
    'this.operations[1 - first].poll()\n    return this.result(first, value)',
  ),
  waiting(
    'a select meets itself',
    '    waiter.raw = this.value\n',
    '    if (this.channel.offer(this.value)) return waiter.settle(undefined)\n    waiter.raw = this.value\n',
  ),

  // Settled twice, or two in one.
  channel(
    'a receiver is settled twice',
    'receiver.settle(value)\n      return true',
    'receiver.settle(value)\n      receiver.settle(value)\n      return true',
  ),
  cases('a choice is settled twice', 'parent.settle(this)', 'parent.settle(this)\n    parent.settle(this)'),
  cases('the winning case is released before it is finished', 'parent.settle(this)', 'releaseCase(this)\n    parent.settle(this)'),
  cases(
    'two selects share a case',
    'const one = free.pop() ?? new Case(operation)',
    'const one = index === 0 ? (free[0] ??= new Case(operation)) : new Case(operation)',
  ),

  // What was granted.
  waiting('a receive forgets to give back', 'if (waiter.raw !== CLOSED) this.channel.giveBack(waiter.raw as T, turn)', ''),
  waiting('the mark of a closed channel is given back as a value', 'if (waiter.raw !== CLOSED) this.channel', 'this.channel'),
  channel('what is given back goes to the tail', 'this._buffer.unshift(value)', 'this._buffer.push(value)'),
  channel(
    'what is given back passes over who waits',
    'queue.order?.returned(this, 0, receiver)\n      receiver.settle(value)',
    'queue.order?.returned(this, 0, receiver)\n      this._receivers.push(receiver)\n      this._buffer.unshift(value)',
  ),
  performing('a subscriber who leaves gives nothing back', 'if (wasGranted) operation.undo(this, this.turn)', 'if (wasGranted) return'),
  select('a select gives nothing back', 'winner.operation.undo(winner, turn)', ''),
  operation('an operation within a context gives nothing back', 'winner.operation.undo(winner, turn)', ''),
  operation('a mapped operation gives nothing back', 'this.inner.undo(waiter, turn)', ''),
  goroutine(
    'a cancel overtakes what was granted',
    'else if (this.step === PARKED) {',
    'else if (this.step === PARKED || this.step === GRANTED) {',
  ),
  performer('who gives way at the end of a slice loses its result', 'performer.raw = value\n', ''),

  // The ends of channels and contexts.
  channel('a send on a closed channel is buffered', 'if (this._closed) throw this.sendOnClosed()', ''),
  waiting('a sender that waits is not told of the close', 'if (waiter.raw === CLOSED) throw this.channel.sendOnClosed()', ''),
  channel('the cause of a close is forgotten', 'if (cause !== undefined) this._cause = { value: cause }', ''),

  // The queues.
  waiter('the last to come is served first', 'const { first } = this\n', 'const { last: first } = this\n'),
  waiter(
    'a queue forgets its last when it leaves',
    'if (next === null) this.last = previous\n    else next.previous = previous',
    'if (next !== null) next.previous = previous',
  ),
  waiter('one who leaves from the middle cuts the way back', 'else next.previous = previous', ''),

  // The draw.
  select('the first ready case wins', 'if (n < 2 || this.biased) {', 'if (true) {'),
  select('a biased select draws', 'if (n < 2 || this.biased) {', 'if (n < 2) {'),
  select('of three cases the last is never looked at first', 'left === 1 ? 0 : random.below(left)', 'Math.max(0, left - 2)'),
  select('of two cases the first is looked at first', 'const first = queue.random.below(2)', 'const first = 0'),
  select('two cases wait in the order written', 'random.below(2) === 0 ? null : swapped', 'null'),
  select('three cases wait in the order written', 'parkCases(waiter, operations, order)', 'parkCases(waiter, operations, null)'),
  select('a biased select waits in an order drawn', 'if (n < 2 || this.biased) parkCases', 'if (n < 2) parkCases'),
  {
    name: 'the draw rotates from a random start',
    edits: [
      { file: 'select/choice.ts', find: 'const drawn = left === 1 ? 0 : random.below(left)', put: 'const drawn = left - 1' },
      {
        file: 'select/choice.ts',
        find: 'const order = random.takeOrder(n)\n    for',
        put: 'const start = random.below(n)\n    const order = Array.from({ length: n }, (_, i) => (start + i) % n)\n    for',
      },
    ],
  },
]
