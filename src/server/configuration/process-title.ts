/* The process title that `ps` shows, made from proc-title-template. Pure; any thread. */

/** What the variables of a template stand for, by name. */
export type TitleVariables = Readonly<Record<string, string>>

/**
 * `template` with each `{name}` replaced and `{{` made `{`, without spaces at its ends. Null if it names an unknown
 * variable or ends within one.
 */
export function expandTitle(template: string, variables: TitleVariables): string | null {
  let title = ''
  let at = 0
  while (at < template.length) {
    const open = template.indexOf('{', at)
    if (open < 0) return trimSpaces(title + template.slice(at))
    title += template.slice(at, open)
    if (template[open + 1] === '{') {
      title += '{'
      at = open + 2
      continue
    }
    const close = template.indexOf('}', open + 1)
    if (close < 0) return null
    const name = template.slice(open + 1, close)
    if (!Object.hasOwn(variables, name)) return null
    title += variables[name]
    at = close + 1
  }
  return trimSpaces(title)
}

const trimSpaces = (text: string) => text.replace(/^ +| +$/g, '')

/**
 * The variables of a server. `shown` gives what CONFIG GET shows; `title` is the program and its first argument;
 * `configFile` is null without one.
 */
export function titleVariables(
  shown: (name: string) => string,
  title: string,
  configFile: string | null,
): TitleVariables {
  const port = Number(shown('port')) || Number(shown('tls-port'))
  const address = shown('bind').split(' ')[0]
  return {
    title,
    'listen-addr': port === 0 ? `unixsocket:${shown('unixsocket')}` : `${address === '' ? '*' : address}:${port}`,
    'server-mode': shown('cluster-enabled') === 'yes' ? '[cluster]' : '',
    'config-file': configFile ?? '-',
    port: shown('port'),
    'tls-port': shown('tls-port'),
    unixsocket: shown('unixsocket'),
  }
}
