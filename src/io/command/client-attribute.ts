/* What a client may say of itself: its name and its library. Shown in CLIENT LIST, whose fields are parted by spaces,
 * so only visible ASCII may stand in them. Any thread. */

/** Whether text has a character that CLIENT LIST can't show. Redis reads up to the first NUL, if any. */
export function invalidAttribute(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0) return false
    if (code < 33 || code > 126) return true
  }
  return false
}
