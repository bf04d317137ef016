import { errorOf, TandemError, troubleOf } from "./errors.js";
import type { File } from "./gen/tandem/v1/file_pb.js";
import { Origin as Declared } from "./gen/tandem/v1/text_pb.js";
import { byId } from "./messages.js";
import { CALL, retried } from "./retry.js";
import type { Server } from "./server.js";
import type { FileInfo, FileText } from "./types.js";
import { uuid } from "./uuid.js";

/** A file as the API has it. */
export function infoOf(file: File | undefined): FileInfo {
  return { id: file?.fileId ?? "", path: file?.path ?? "", deleted: file?.deleted ?? false };
}

/** Calls on a room's files. */
export class RoomFiles {
  constructor(
    private readonly server: Server,
    private readonly room: string,
  ) {}

  async create(path: string, text: string): Promise<FileInfo> {
    const request = { room: this.room, path, text, requestId: uuid() };
    return infoOf((await retried(() => this.server.files.createFile(request, { timeoutMs: CALL }))).file);
  }

  async rename(file: string, newPath: string): Promise<FileInfo> {
    const request = { room: this.room, file: byId(file), newPath, requestId: uuid() };
    return infoOf((await retried(() => this.server.files.renameFile(request, { timeoutMs: CALL }))).file);
  }

  async delete(file: string): Promise<FileInfo> {
    const request = { room: this.room, file: byId(file), requestId: uuid() };
    return infoOf((await retried(() => this.server.files.deleteFile(request, { timeoutMs: CALL }))).file);
  }

  async restore(fileId: string, newPath: string): Promise<FileInfo> {
    const request = { room: this.room, fileId, newPath, requestId: uuid() };
    return infoOf((await retried(() => this.server.files.restoreFile(request, { timeoutMs: CALL }))).file);
  }

  async deleted(): Promise<FileInfo[]> {
    const files: FileInfo[] = [];
    let pageToken = "";
    do {
      const request = { room: this.room, includeDeleted: true, pageSize: 200, pageToken };
      const page = await retried(() => this.server.files.listFiles(request, { timeoutMs: CALL }));
      files.push(...page.files.filter((file) => file.deleted).map(infoOf));
      pageToken = page.nextPageToken;
    } while (pageToken);
    return files;
  }

  async read(file: string, revision?: bigint): Promise<FileText> {
    const request = { room: this.room, file: byId(file), ...(revision !== undefined && { revision }) };
    try {
      let answer: FileText | undefined;
      let text = "";
      for await (const part of this.server.files.readFile(request, { timeoutMs: CALL })) {
        answer ??= { file: infoOf(part.file), text: "", revision: part.revision };
        text += part.text;
      }
      if (!answer) throw new TandemError("the server sent no text: try again", "INTERNAL");
      return { ...answer, text };
    } catch (error) {
      throw error instanceof TandemError ? error : errorOf(troubleOf(error));
    }
  }

  async write(file: string, text: string, baseRevision: bigint): Promise<bigint> {
    const request = { room: this.room, file: byId(file), text, baseRevision, origin: Declared.WRITTEN, requestId: uuid() };
    return (await retried(() => this.server.files.writeFile(request, { timeoutMs: CALL }))).revision;
  }
}
