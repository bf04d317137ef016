/** An error that the server gave, or the way to it. */
export class TandemError extends Error {
  override readonly name = "TandemError";
  constructor(
    message: string,
    /** A reason of `docs/errors.md`; `CONNECTIONS_USED_UP`; or `UNREACHABLE`. */
    readonly reason: string,
    /** The error's variables, such as `field` or `head`. */
    readonly metadata: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
