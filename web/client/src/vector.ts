import { decodeStateVector, parseUpdateMeta } from "yjs";

/** What a session has been sent of a file: clocks by Yjs client id. */
export type Vector = Map<number, number>;

/** Notes what an update brings. */
export function noteUpdate(vector: Vector, update: Uint8Array): void {
  // Where it ends counts: the server sends each client's clocks without gaps.
  note(vector, parseUpdateMeta(update).to);
}

/** Notes what an encoded state vector has. */
export function noteVector(vector: Vector, encoded: Uint8Array): void {
  note(vector, decodeStateVector(encoded));
}

/** The vector as Yjs encodes it (version 1). */
export function encodeVector(vector: Vector): Uint8Array {
  const bytes: number[] = [];
  const number = (value: number) => {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    bytes.push(rest);
  };
  number(vector.size);
  for (const [client, clock] of vector) {
    number(client);
    number(clock);
  }
  return Uint8Array.from(bytes);
}

function note(vector: Vector, seen: ReadonlyMap<number, number>): void {
  for (const [client, clock] of seen) vector.set(client, Math.max(vector.get(client) ?? 0, clock));
}
