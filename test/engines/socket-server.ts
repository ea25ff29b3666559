/** Starts the server that suites in a page talk to, outside the page. */
import type { TestProject } from 'vitest/node'
import { startServer } from '../web/socket-server.js'

export async function setup(project: TestProject): Promise<() => void> {
  const { url, stop } = await startServer()
  project.provide('socketServer', url)
  return stop
}
