/* The grammar of a command's arguments, read from its `syntax` (command-spec.ts) into a tree: COMMAND DOCS shows it,
 * the differential tests generate commands from it. Any thread; cold.
 *
 *   key value [NX|XX] [GET] [EX seconds|PX milliseconds|KEEPTTL]
 *   (key value)...      key...      key [key ...]      <ON|OFF>
 *
 * Upper-case words are literal tokens, lower-case ones name a value, `name:type` gives its type. Inside brackets `|`
 * separates whole sequences; outside them it binds two words (`key ON|OFF` is a key, then a choice). `...` right behind
 * an item repeats that item; on its own, it repeats all that stands before it in its brackets. */

export type Grammar =
  | { kind: 'token'; text: string }
  | { kind: 'value'; name: string; type: string | null }
  | { kind: 'sequence'; items: Grammar[] }
  | { kind: 'choice'; options: Grammar[] }
  | { kind: 'optional'; item: Grammar }
  | { kind: 'repeat'; item: Grammar }

const CLOSING: Record<string, string> = { '[': ']', '(': ')', '<': '>' }
/** A lexeme with the white space before it: the grammar cares whether `...` and `|` touch what precedes them. */
const LEXEME = /(\s*)(\.\.\.|[[\]()<>|]|[^\s[\]()<>|]+?(?=\.\.\.|[\s[\]()<>|]|$))/gy

interface Lexeme {
  text: string
  spaced: boolean
}

export function parseSyntax(syntax: string): Grammar {
  const lexemes = lex(syntax)
  const cursor = { position: 0 }
  const grammar = parseGroup(lexemes, cursor, null, syntax)
  if (cursor.position !== lexemes.length) throw new Error(`syntax: unbalanced brackets in "${syntax}"`)
  return grammar
}

function lex(syntax: string): Lexeme[] {
  const lexemes: Lexeme[] = []
  const trimmed = syntax.trimEnd()
  LEXEME.lastIndex = 0
  while (LEXEME.lastIndex < trimmed.length) {
    const match = LEXEME.exec(trimmed)
    if (match === null) throw new Error(`syntax: cannot read "${syntax}"`)
    lexemes.push({ text: match[2], spaced: match[1] !== '' })
  }
  return lexemes
}

/** Sequences separated by `|` up to the closing bracket; at the top level (`closing` null) `|` binds words. */
function parseGroup(lexemes: Lexeme[], cursor: { position: number }, closing: string | null, syntax: string): Grammar {
  const options: Grammar[] = []
  let items: Grammar[] = []
  while (cursor.position < lexemes.length) {
    const { text, spaced } = lexemes[cursor.position]
    if (text === closing) break
    if (text === '|') {
      cursor.position++
      if (closing === null) {
        const left = items.pop()
        if (left === undefined) throw new Error(`syntax: nothing before | in "${syntax}"`)
        items.push(either(left, parseItem(lexemes, cursor, syntax)))
      } else {
        options.push(sequence(items))
        items = []
      }
    } else if (text === '...') {
      cursor.position++
      const repeated = spaced ? sequence(items) : items.pop()
      if (repeated === undefined) throw new Error(`syntax: nothing before ... in "${syntax}"`)
      items = spaced ? [{ kind: 'repeat', item: repeated }] : [...items, { kind: 'repeat', item: repeated }]
    } else {
      items.push(parseItem(lexemes, cursor, syntax))
    }
  }
  if (options.length === 0) return sequence(items)
  return { kind: 'choice', options: [...options, sequence(items)] }
}

function either(left: Grammar, right: Grammar): Grammar {
  return { kind: 'choice', options: left.kind === 'choice' ? [...left.options, right] : [left, right] }
}

function parseItem(lexemes: Lexeme[], cursor: { position: number }, syntax: string): Grammar {
  const lexeme = lexemes[cursor.position++]
  if (lexeme === undefined) throw new Error(`syntax: "${syntax}" ends too early`)
  const closing = CLOSING[lexeme.text]
  if (closing === undefined) return word(lexeme.text, syntax)
  const group = parseGroup(lexemes, cursor, closing, syntax)
  if (lexemes[cursor.position]?.text !== closing) throw new Error(`syntax: missing ${closing} in "${syntax}"`)
  cursor.position++
  return lexeme.text === '[' ? { kind: 'optional', item: group } : group
}

function word(text: string, syntax: string): Grammar {
  if (!/^[\w*"'.:$!-]+$/.test(text)) throw new Error(`syntax: unexpected "${text}" in "${syntax}"`)
  if (text === '""') return { kind: 'token', text: '' }
  if (text === text.toUpperCase()) return { kind: 'token', text }
  const [name, type] = text.split(':')
  return { kind: 'value', name, type: type ?? null }
}

function sequence(items: Grammar[]): Grammar {
  return items.length === 1 ? items[0] : { kind: 'sequence', items }
}
