/** What went wrong, in a sentence for people. Errors of the server bring theirs. */
export function inWords(error: unknown): string {
  const { reason, message } = (error ?? {}) as { reason?: string; message?: string };
  switch (reason) {
    case "UNREACHABLE":
      return "The server can't be reached. Is it running? Try again in a moment.";
    case "ROOM_NOT_FOUND":
      return "No room has this name. Look at the link again, or create a room.";
    case "ROOM_FULL":
      return "As many people are in this room as may be. Come back when somebody has left.";
    case "FILE_EXISTS":
      return "There is a file of this name already. Choose another.";
    case "PATH_CASE_CONFLICT":
      return "There is a file whose name differs in capital letters only. Choose another.";
    case "PATH_UNDER_FILE":
      return "A file can't be a folder as well. Choose another name.";
    case "TOO_MANY_FILES":
      return "The room has as many files as it may have. Delete one first.";
    case "FILE_TOO_LARGE":
      return "The file would be larger than a file may be.";
    case "CONNECTIONS_USED_UP":
      return "This browser has as many connections to the server open as it allows. Close another tab of this page.";
    default:
      return message ? sentence(message) : "That did not work. Try again.";
  }
}

/** With a capital at its head and a full stop at its end. */
export function sentence(message: string): string {
  const text = message.trim();
  const full = /[.!?…]$/.test(text) ? text : `${text}.`;
  return full.charAt(0).toUpperCase() + full.slice(1);
}
