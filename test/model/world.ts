/**
 * The real thing and the naive one side by side: each command is carried out by the real one, and then followed by the naive one, which
 * objects where the real one may not do what it did.
 */
import { none, some } from '../../src/runtime/internal.js'
import { BLOCKED, Builder, outcomeOf, type Built, type ChannelPair, type ContextPair } from './build.js'
import { Doing } from './doing.js'
import type { Library } from './library.js'
import { followOrder } from './order.js'
import { close, giveBack, leave, NaiveChannel, perform } from './naive.js'
import type { Tally } from './tally.js'
import { CONTEXTS, type By, type Command, type Kind, type Program } from './program.js'

type Follow = () => void
const nothing: Follow = () => {}

export class World {
  readonly channels: ChannelPair[] = []
  readonly contexts: ContextPair[] = []
  /** Performances that are not yet delivered. */
  open: Doing[] = []
  /** What came to light outside the step that is to blame. */
  readonly faults: string[] = []
  readonly slots: ChannelPair[]
  private readonly currentContexts: ContextPair[] = []
  private readonly builder: Builder
  private readonly builds: Built[] = []
  private causes = 0

  constructor(
    readonly library: Library,
    { kinds }: Program,
    private readonly tally: Tally,
    /** Whether `await` is stood in for by the call that it makes, which takes no microtask. */
    private readonly isSynchronous: boolean,
  ) {
    this.slots = kinds.map((kind) => this.makeChannel(kind))
    for (let i = 0; i < CONTEXTS; i++) this.currentContexts.push(this.makeContext())
    this.builder = new Builder(library, this.slots, this.currentContexts)
  }

  private makeChannel({ capacity, loses }: Kind): ChannelPair {
    const { chan, sliding, dropping } = this.library
    const buffer = loses === null ? capacity : loses === 'oldest' ? sliding(capacity) : dropping(capacity)
    const pair = { real: chan(buffer) as ChannelPair['real'], naive: new NaiveChannel(capacity, loses) }
    this.channels.push(pair)
    return pair
  }

  private makeContext(): ContextPair {
    const pair = { real: this.library.withCancel(this.library.background), naive: new NaiveChannel(0, null) }
    this.contexts.push(pair)
    return pair
  }

  /** True where the result shows only after the run queue has had its turn: a goroutine, or one who gives way at the end of a time slice. */
  needsTurn(command: Command): boolean {
    if (!('by' in command)) return false
    return command.by === 'goroutine' || (command.by === 'await' && !this.isSynchronous) || (command.do === 'perform' && command.tired)
  }

  /** Carries a command out on the real side, and answers how the naive side follows. */
  carryOut(command: Command): Follow {
    const isTired = command.do === 'perform' && command.tired
    if (isTired || this.isSynchronous) this.library.queue.operations.left = isTired ? 1 : Infinity
    switch (command.do) {
      case 'make':
        this.slots[command.slot] = this.makeChannel(command.kind)
        return nothing
      case 'new context':
        this.currentContexts[command.context] = this.makeContext()
        return nothing
      case 'perform': {
        const built = this.builder.build(command.op)
        this.builds.push(built)
        return this.start(built, command.by)
      }
      case 'perform again':
        return this.builds.length === 0 ? nothing : this.start(this.builds[command.which % this.builds.length], command.by)
      case 'trySend':
        return this.trySend(this.slots[command.slot])
      case 'tryReceive':
        return this.tryReceive(this.slots[command.slot])
      case 'trySelect': {
        const { tried, node } = this.builder.select(command.of, command.biased)
        const outcome = outcomeOf(tried)
        this.tally.leaves('trySelect', node)
        return () => perform(node, outcome, false)
      }
      case 'close':
      case 'close with a cause':
        return this.close(this.slots[command.slot], command.do === 'close' ? undefined : `cause ${this.causes++}`)
      case 'end context':
        return this.endContext(this.currentContexts[command.context])
      case 'cancel':
      case 'unsubscribe':
        return this.stop(this.find(command))
    }
  }

  /** The performance that a command is about, if there is one of its kind. */
  find({ do: how, of, which }: { do: 'cancel' | 'unsubscribe'; of: 'waiting' | 'granted'; which: number }): Doing | undefined {
    const candidates = this.open.filter(({ outcome, goroutine, subscription, waits }) => {
      const canBe = how === 'cancel' ? goroutine !== null : subscription !== null
      return canBe && outcome === null && waits === (of === 'waiting')
    })
    return candidates[which % candidates.length]
  }

  private start(built: Built, by: By): Follow {
    const doing = new Doing(by, built, this.faults)
    this.open.push(doing)
    this.tally.performance(built.node, by)
    doing.start(this.library, this.isSynchronous)
    return () => {
      doing.naive = perform(built.node, doing.outcome, true)
      if (doing.waits) followOrder(this, doing)
    }
  }

  private trySend({ real, naive }: ChannelPair): Follow {
    this.tally.count('try send', naive)
    const value = this.builder.nextValue()
    const outcome = outcomeOf(() => (real.trySend(value) ? undefined : BLOCKED))
    return () => perform({ does: 'send', channel: naive, value, path: '', trail: '' }, outcome, false)
  }

  private tryReceive({ real, naive }: ChannelPair): Follow {
    this.tally.count('try receive', naive)
    const outcome = outcomeOf(() => {
      const it = real.tryReceive()
      if (it._tag === 'Right') return some(it.right)
      return it.left === 'closed' ? none : BLOCKED
    })
    return () => perform({ does: 'receive', channel: naive, path: '', trail: '' }, outcome, false)
  }

  close({ real, naive }: ChannelPair, cause: string | undefined): Follow {
    this.tally.count(cause === undefined ? 'close' : 'close with a cause', naive)
    const outcome = outcomeOf(() => real.close(cause))
    return () => {
      const expected = naive.closed === null ? 'void' : 'throw close of closed channel'
      if (outcome !== expected) throw new Error(`close answers ${outcome}, where ${expected} is right`)
      if (naive.closed === null) close(naive, cause)
    }
  }

  endContext({ real, naive }: ContextPair): Follow {
    this.tally.contextEnds(naive)
    const cause = `end ${this.causes++}`
    real.cancel(cause)
    return () => {
      if (naive.closed === null) close(naive, cause)
    }
  }

  stop(doing: Doing | undefined): Follow {
    if (doing === undefined) return nothing
    return doing.goroutine === null ? this.unsubscribe(doing) : this.cancel(doing)
  }

  private cancel(doing: Doing): Follow {
    this.tally.stop('cancel', doing.naive)
    doing.goroutine?.cancel('enough')
    return () => {
      if (!doing.waits) return // what was granted is delivered first
      leave(doing.naive)
      doing.naive.outcome = 'canceled'
    }
  }

  private unsubscribe(doing: Doing): Follow {
    this.tally.stop('unsubscribe', doing.naive)
    doing.subscription?.unsubscribe()
    return () => {
      doing.end('left') // one more delivery would be a fault
      leave(doing.naive)
      doing.naive.outcome = 'left'
      const { granted } = doing.naive
      if (granted !== null) giveBack(granted.channel, granted.value, granted.turn)
    }
  }

  /** The run queue has had its turn: whatever has its outcome has been delivered, and nothing else. */
  checkDeliveries(): void {
    this.open = this.open.filter(({ outcome, naive, by }) => {
      if (outcome !== naive.outcome) throw new Error(`${by}: the outcome is ${outcome}, where ${naive.outcome} is right`)
      return outcome === null
    })
  }
}
