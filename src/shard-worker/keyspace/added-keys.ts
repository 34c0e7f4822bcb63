/* Who is told of keys that come into being, since some client may wait for them. Baton holder.
 *
 * Only the I/O thread's engine has somebody to tell, and only while clients wait: commands that could bring what they
 * wait for run there (see src/io/routing/blocking.ts). */

export interface AddedKeys {
  /** A key was added whose value has a block of its own: any type but a short string. `hash` is the keyspace's. */
  added(db: number, hash: number, bytes: Uint8Array, offset: number, length: number): void
  /** Two databases have exchanged their contents. */
  swapped(first: number, second: number): void
}
