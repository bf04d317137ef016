import { ParticipantState, Role, type Participant, type ParticipantPresence } from "./gen/tandem/v1/collaboration_pb.js";
import { colorsOf, type Colors } from "./colors.js";
import type { Person } from "./types.js";

/** A selection as encoded Yjs relative positions. */
export interface Selection {
  readonly anchor: Uint8Array;
  readonly head: Uint8Array;
}

/** Who is in a room and where. No I/O happens here. */
export class People {
  readonly #participants = new Map<string, Participant>();
  readonly #presences = new Map<string, ParticipantPresence>();
  #colors = new Map<string, Colors>();
  #me = "";
  #color: string | undefined;

  /** A stream has begun: who is here is told anew, where they are follows. */
  begin(me: string, participants: readonly Participant[], color: string | undefined): void {
    this.#me = me;
    this.#color = color;
    this.#participants.clear();
    for (const participant of participants) this.participant(participant);
    for (const id of this.#presences.keys()) if (!this.#participants.has(id)) this.#presences.delete(id);
  }

  /** Somebody came, went, or is away. */
  participant(participant: Participant): void {
    const id = participant.participantId;
    const known = this.#participants.size;
    if (participant.state === ParticipantState.LEFT) {
      this.#participants.delete(id);
      this.#presences.delete(id);
    } else {
      this.#participants.set(id, participant);
    }
    if (this.#participants.size !== known) this.#colors = colorsOf(this.#participants.keys());
  }

  /** Somebody's cursor moved, or they began or stopped to type. */
  presence(presence: ParticipantPresence): void {
    this.#presences.set(presence.participantId, presence);
  }

  /** Everybody, oneself first, then in the order of coming. */
  list(offset: (file: string, position: Uint8Array) => number | undefined): Person[] {
    const everybody = [...this.#participants.values()].map((participant) => this.#person(participant, offset));
    return [...everybody.filter((person) => person.me), ...everybody.filter((person) => !person.me)];
  }

  /** Where somebody's cursor is in a file. */
  selection(id: string, file: string): Selection | undefined {
    const presence = this.#presences.get(id);
    const away = this.#participants.get(id)?.state !== ParticipantState.PRESENT;
    return presence?.fileId === file && !away ? presence.relative : undefined;
  }

  #person(participant: Participant, offset: (file: string, position: Uint8Array) => number | undefined): Person {
    const { participantId: id, name } = participant;
    const presence = this.#presences.get(id);
    const file = presence?.fileId || undefined;
    const place = file !== undefined ? presence?.offsets : undefined;
    const at = (position: Uint8Array | undefined, otherwise: number) =>
      (file !== undefined && position ? offset(file, position) : undefined) ?? otherwise;
    const me = id === this.#me;
    const { color = "", colorLight = "" } = this.#colors.get(id) ?? {};
    return {
      id,
      name,
      color: me && this.#color ? this.#color : color,
      colorLight: me && this.#color ? `color-mix(in srgb, ${this.#color} 20%, transparent)` : colorLight,
      role: roleOf(participant.role),
      me,
      away: participant.state === ParticipantState.AWAY,
      typing: presence?.typing ?? false,
      file,
      cursor: place && {
        anchor: at(presence?.relative?.anchor, place.anchor),
        head: at(presence?.relative?.head, place.head),
      },
    };
  }
}

function roleOf(role: Role): Person["role"] {
  if (role === Role.OWNER) return "owner";
  return role === Role.VIEWER ? "viewer" : "editor";
}
