/** How often each kind of source, stage, work and ending was drawn; and the token of a plan, which replays it. */
import { kinds, type PipelinePlan, type StagePlan } from './plan.js'

export const toToken = (plan: PipelinePlan): string => Buffer.from(JSON.stringify(plan)).toString('base64url')
export const fromToken = (token: string): PipelinePlan => JSON.parse(Buffer.from(token, 'base64url').toString()) as PipelinePlan // written by `toToken`

type Kind = keyof typeof kinds

export class Tally {
  private readonly _counts: Readonly<Record<Kind, Map<string, number>>> = {
    sources: zeros('sources'),
    stages: zeros('stages'),
    works: zeros('works'),
    ends: zeros('ends'),
  }

  add({ source, stages, end }: PipelinePlan): void {
    this._count('sources', source.source)
    this._count('ends', end.end)
    for (const stage of stages) this._addStage(stage)
  }

  private _addStage(plan: StagePlan): void {
    this._count('stages', plan.stage)
    if ('work' in plan) this._count('works', plan.work)
    if ('other' in plan) this._count('sources', plan.other.source)
    if ('branches' in plan) for (const stage of plan.branches.flat()) this._addStage(stage)
  }

  private _count(kind: Kind, name: string): void {
    const counts = this._counts[kind]
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }

  /** Kinds that were never drawn. */
  get missing(): string[] {
    return Object.values(this._counts).flatMap((counts) => [...counts].filter(([, n]) => n === 0).map(([name]) => name))
  }

  toString(): string {
    const lines = Object.entries(this._counts).map(([kind, counts]) => {
      const sorted = [...counts].sort(([, a], [, b]) => b - a)
      return `${kind}: ${sorted.map(([name, n]) => `${name} ${n}`).join(', ')}`
    })
    return lines.join('\n')
  }
}

const zeros = (kind: Kind): Map<string, number> => new Map(kinds[kind].map((name) => [name, 0]))
