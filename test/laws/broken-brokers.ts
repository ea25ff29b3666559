/** Faults of a broker or its adapter, as edits of our own sources, and the law of brokers that must find each. When a source changes so that an edit no longer fits, rewrite the edit, not the fault. */
import type { Edit } from '../model/mutant.js'

export interface BrokenBroker {
  readonly law: string
  readonly fault: string
  readonly edits: readonly Edit[]
}

const inFile =
  (file: string) =>
  (law: string, fault: string, find: string, put: string): BrokenBroker => ({
    law,
    fault,
    edits: [{ file: `../adapters/broker/${file}.ts`, find, put }],
  })

const memoryLog = inFile('memory/log')
const memoryQueue = inFile('memory/queue')
const link = inFile('memory/link')
const drivers = inFile('memory/drivers')
const topic = inFile('memory/topic')
const log = inFile('log-partition')
const mark = inFile('mark')
const lease = inFile('lease')
const pull = inFile('from-pull')
const drain = inFile('drain')
const policy = inFile('policy')
const through = inFile('through')
const rights = inFile('rights')
const byKey = inFile('by-key')

export const brokenBrokers: readonly BrokenBroker[] = [
  pull('delivery', 'a message is not emitted where another waits', 'downstream.emit(envelope)', 'if (waiting.size !== 1) downstream.emit(envelope)'), // prettier-ignore
  log('order in a partition', 'a message that comes twice is emitted twice', 'if (record.offset <= this._last) {', 'if (record.offset < this._last) {'), // prettier-ignore
  byKey('order of a key', 'keys are not told apart from their deliveries', 'key(delivery) ?? delivery', 'delivery'),
  drivers('settled for good', 'the driver of a queue forgets to settle', 'else if (!this._link.losesAcknowledgement) this._queue.done(this, offset, attempt)', ''), // prettier-ignore
  link('trace', 'the headers are not published', 'headers: delivery.headers', 'headers: new Map<string, string>()'),
  topic('lag', 'lag counts what is delivered twice', 'const waiting = byPartition.reduce((sum, n) => sum + n, 0) - underWay', 'const waiting = byPartition.reduce((sum, n) => sum + n, 0)'), // prettier-ignore
  log('unsettled comes again', 'a partition that is delivered is acknowledged', 'this._mark.began(record.offset)', 'this._mark.began(record.offset)\n    this._link.acknowledge(record.offset)'), // prettier-ignore
  mark('kill of a worker', 'the mark jumps to whatever is done', 'const before = this.floor', 'const before = this.floor\n    this.floor = Math.max(this.floor, entry.offset)'), // prettier-ignore
  link('kill of the broker', 'what is not confirmed is not sent again', 'for (const unconfirmed of this._unconfirmed) this._put(unconfirmed)', ''), // prettier-ignore
  log('kill of both', 'a partition is not claimed again', 'if (this._hasClaimed && !this._isStopped) this._link.claim()\n  }\n\n  /** The ownership is lost', '}\n\n  /** The ownership is lost'), // prettier-ignore
  memoryLog('takeover in order', 'the next owner begins behind what was delivered', 'this._wanted = 0\n    this._next = this.floor + 1\n    const grant', 'this._wanted = 0\n    const grant'), // prettier-ignore
  memoryLog('idle takeovers', 'each takeover counts', 'this._rounds + Number(this._isTried)', 'this._rounds + 1'),
  log('lost acknowledgements', 'a mark is said when it moves, and never again', 'this._link.beat(this._mark.floor)', 'this._link.beat(-1)'), // prettier-ignore
  memoryLog('zombie', 'an acknowledgement of a former owner counts', 'if (claim !== this._owner) return\n    this.floor = Math.max(this.floor, offset)', 'this.floor = offset'), // prettier-ignore
  memoryQueue('poison that ends processes', 'deliveries are not counted', 'message.attempts++', 'message.attempts = 1'),
  drain('drain', 'the end of the context ends the pipeline', 'withValue(withoutCancel(ctx), intakeKey, ctx)', 'withValue(ctx, intakeKey, ctx)'), // prettier-ignore
  log('full', 'an owner does not beat', 'this._beats.start(this._options.beat)\n    this._link.beat', 'this._beats.start(1e9)\n    this._link.beat'), // prettier-ignore
  pull('credit', 'places are not counted', 'Math.min(plan.prefetch, this.places)', 'plan.prefetch + 4'),
  lease('long work', 'there are no beats for messages', 'this.driver?.beat?.()', ''),
  lease('deadline', 'a deadline is forgotten', 'this.deadline === Infinity ? ctx : withTimeout(ctx, this.deadline)', 'ctx'),
  memoryLog('a member joins', 'an owner is not asked to hand over', 'owner.tell((part) => part.handOver())', 'void owner'),
  {
    law: 'closing',
    fault: 'beats go on',
    edits: [
      { file: '../adapters/broker/log-partition.ts', find: 'this._beats.stop()', put: '' },
      {
        file: '../adapters/broker/log-partition.ts',
        find: 'private _beat(): void {\n    if (!this._isOwned) return',
        put: 'private _beat(): void {',
      },
    ],
  },
  policy('order through attempts', 'failed work is given to the broker', "if (this._options.retry === 'later') return () => null", 'if (true) return () => null'), // prettier-ignore
  policy('poison', 'one attempt too many', 'failed.attempts >= this.attempts', 'failed.attempts > this.attempts'),
  through('keep', 'what keep refuses is not settled', 'if (!delivery.right.isSettled) delivery.done()\n    return nothing()', 'return nothing()'), // prettier-ignore
  lease('dropped', 'what left unsettled is not told', 'if (dropped.length > 0) this._tell(dropped)\n  }\n\n  private _tell', '}\n\n  private _tell'), // prettier-ignore
  rights('parts', 'the first part settles the message', 'if (--this._open === 0 && !this.parent.isSettled) this.parent.settle(this._worst)', 'if (!this.parent.isSettled) this.parent.settle(this._worst)'), // prettier-ignore
]
