// Every workload, in the order of the table. Shape of one:
//   name, title, unit     'ns', 'ms' or 'bytes'
//   n, ops                run(n) is called; it counts as ops operations (default n)
//   warm                  a first run(warm)
//   go                    { column: subcommand of go/main.go }, default { go: name }
//   targets               [[implementation, against, ratio]]; against 'go', 'best peer', another implementation, or 'absolute'
//   figures(cost)         [{ label, value, isRatio?, most? }] drawn from the medians, cost(implementation); `most` makes it a target
//   ours, floors, platform, peers   { implementation: (imports) => run }
import * as chains from './workloads/chains.mjs'
import * as context from './workloads/context.mjs'
import * as dataflow from './workloads/dataflow.mjs'
import * as many from './workloads/many.mjs'
import * as mixed from './workloads/mixed.mjs'
import * as operators from './workloads/operators.mjs'
import * as pingpong from './workloads/pingpong.mjs'
import * as pipe from './workloads/pipe.mjs'
import * as pool from './workloads/pool.mjs'
import * as select from './workloads/select.mjs'
import * as spawn from './workloads/spawn.mjs'
import * as stages from './workloads/stages.mjs'
import * as sync from './workloads/sync.mjs'
import * as waiters from './workloads/waiters.mjs'

export const workloads = [
  pingpong,
  pipe,
  many,
  select,
  chains,
  spawn,
  pool,
  operators,
  dataflow,
  stages,
  sync,
  context,
  waiters,
  mixed,
].flatMap((file) => file.workloads)
