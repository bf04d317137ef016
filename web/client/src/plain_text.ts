/** A text as Tandem holds it: CRLF and CR become LF, NUL is dropped. For what an app inserts by itself. */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replaceAll("\0", "");
}
