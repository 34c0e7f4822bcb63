/* What the server says of itself when it starts: the first log lines, and the logo. Pure; any thread. */
import { REDIS_VERSION, SPINEL_VERSION } from '../base/version.ts'

export interface BannerFacts {
  readonly pid: number
  /** The port clients connect to: the TLS port if there is no plain one. */
  readonly port: number
  readonly mode: 'standalone' | 'cluster' | 'sentinel'
}

/** The notices before anything else happens, once the configuration is read. */
export function startingLines(pid: number): string[] {
  return [
    'oO0OoO0OoO0Oo Spinel is starting oO0OoO0OoO0Oo',
    `Spinel version=${SPINEL_VERSION}, redis=${REDIS_VERSION}, bits=64, node=${process.versions.node}, ` +
      `pid=${pid}, just started`,
  ]
}

/** The one notice that stands for the logo when none is shown. */
export function runningLine(facts: BannerFacts): string {
  return `Running mode=${facts.mode}, port=${facts.port}.`
}

/**
 * The logo: a spinel's octahedron, with version, mode, port and pid beside it, for Log.raw(). Shown on a terminal and
 * with always-show-logo; what waits for a start looks for ` PID: <pid>` in it.
 */
export function logo(facts: BannerFacts): string {
  return `
               .
              /|\\
             / | \\            Spinel ${SPINEL_VERSION} (Redis ${REDIS_VERSION}), 64 bit
            /  |  \\
           /  _|_  \\          Running in ${facts.mode} mode
          /_-' | '-_\\         Port: ${facts.port}
          \\ '-_|_-' /         PID: ${facts.pid}
           \\   |   /
            \\  |  /           Node.js ${process.versions.node}
             \\ | /
              \\|/
               '

`
}
