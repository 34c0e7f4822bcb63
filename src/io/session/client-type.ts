/* The classes of clients. Pure. */

/** The classes of clients that CLIENT KILL, CLIENT LIST and client-output-buffer-limit know. */
export type ClientType = 'normal' | 'master' | 'replica' | 'pubsub'

/** The class that a word names, `slave` standing for replica; null: none. */
export function clientType(word: string): ClientType | null {
  const lower = word.toLowerCase()
  if (lower === 'slave') return 'replica'
  return lower === 'normal' || lower === 'master' || lower === 'replica' || lower === 'pubsub' ? lower : null
}
