/* The one user there is without ACL rules: `default`, whose password is requirepass. Main thread. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { bytesOf } from '../base/bytes.ts'

const digest = (password: Uint8Array) => createHash('sha256').update(password).digest()

export class DefaultUser {
  /** SHA-256 of the password, null without one: equal lengths, so comparing tells nothing by its duration. */
  private hash: Uint8Array | null = null

  setPassword(password: Uint8Array): void {
    this.hash = password.length === 0 ? null : digest(password)
  }

  get passwordRequired(): boolean {
    return this.hash !== null
  }

  /** Whether `user` may log in with this password: without requirepass, with any. Latin1 text that carries bytes. */
  mayLogIn(user: string, password: string): boolean {
    if (user !== 'default') return false
    return this.hash === null || timingSafeEqual(this.hash, digest(bytesOf(password)))
  }
}
