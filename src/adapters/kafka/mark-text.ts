/** The note of the owner of a partition in the metadata of its commits. */

export interface MarkNote {
  /** Takeovers at this offset. */
  readonly rounds: number
  /** The offset after the last message that was delivered. */
  readonly sent: number
}

export const noteText = ({ rounds, sent }: MarkNote): string => `millrace:${rounds}:${sent}`

/** The note; that of a commit of another program says nothing. */
export function noteIn(text: string | null, offset: number): MarkNote {
  const parts = /^millrace:(\d+):(\d+)$/.exec(text ?? '')
  return parts === null ? { rounds: 0, sent: offset } : { rounds: Number(parts[1]), sent: Number(parts[2]) }
}
