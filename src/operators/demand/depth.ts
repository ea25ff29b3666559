/** The operators on the stack, and the limits beyond which a pipeline does not fit there. */
/** Operators on the stack beyond which nothing continues inline; a stage counts as several. */
const DEEP = 300
export const STAGE = 3
/** Operators without a place for items that fit on the stack: a stage above them is entered from a shallower place. */
const MOST_OPERATORS = 800

/**
 * The operators whose subscription, turn or leaving is on the stack. Where they are too many, work continues from a
 * shallower place, so no stack grows with the length of a pipeline: a subscription and a leaving when the outermost of
 * them returns, a turn from the run queue.
 */
export class Depth {
  private _operators = 0
  private readonly _postponed: (() => void)[] = []
  private _isDescending = false

  get isDeep(): boolean {
    return this._operators >= DEEP
  }

  enter(operators: number): void {
    this._operators += operators
  }

  leave(operators: number): void {
    this._operators -= operators
  }

  /** Runs `f`, which goes up the pipeline by this number of operators. */
  descend(operators: number, f: () => void): void {
    if (this._isDescending && this._operators + operators > DEEP) return void this._postponed.push(f)
    const isOutermost = !this._isDescending
    this._isDescending = true
    this._operators += operators
    try {
      f()
    } finally {
      this._operators -= operators
      if (isOutermost) this._continue()
    }
  }

  /** Each part that was postponed begins at the depth of the outermost. */
  private _continue(): void {
    const { _postponed: postponed } = this
    try {
      for (let f = postponed.shift(); f !== undefined; f = postponed.shift()) f()
    } finally {
      this._isDescending = false
    }
  }
}

export const depth = new Depth()

/** Throws RangeError for a row of operators that does not fit on the stack. */
export function checkRow(operators: number): void {
  if (operators > MOST_OPERATORS)
    throw new RangeError(
      `millrace: ${operators} operators in a row, more than ${MOST_OPERATORS}, do not fit on the stack; put a stage that holds items, such as queue(1), between them`,
    )
}

/** Branches within one another through which a result fits on the stack. */
const MOST_NESTED = 800

/** Throws RangeError for branches within one another through which a result does not fit on the stack. */
export function checkNested(branches: number): void {
  if (branches > MOST_NESTED)
    throw new RangeError(
      `millrace: more than ${MOST_NESTED} branches within one another do not fit on the stack; put a stage that holds items, such as queue(1), at the end of a branch between them`,
    )
}
