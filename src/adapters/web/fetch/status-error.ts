/**
 * The error of `fetchOp` with `throwStatus`: a response with a status outside 200 to 299. Its body was not read. A schedule
 * made by `backoff` honors the `retry-after` of its headers.
 */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: number
  readonly statusText: string
  readonly url: string
  readonly headers: Headers

  constructor({ status, statusText, url, headers }: Pick<Response, 'status' | 'statusText' | 'url' | 'headers'>) {
    super(`fetchOp: ${url === '' ? 'the response' : url} has status ${status}${statusText === '' ? '' : ` ${statusText}`}`)
    this.status = status
    this.statusText = statusText
    this.url = url
    this.headers = headers
  }
}
