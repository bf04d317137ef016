import { StreamLanguage } from "@codemirror/language";
import type { Extension } from "@codemirror/state";

interface Language {
  name: string;
  endings: string[];
  load: () => Promise<Extension>;
}

const LANGUAGES: Language[] = [
  { name: "Rust", endings: ["rs"], load: async () => (await import("@codemirror/lang-rust")).rust() },
  { name: "JavaScript", endings: ["js", "mjs", "cjs"], load: () => javascript({}) },
  { name: "JavaScript (JSX)", endings: ["jsx"], load: () => javascript({ jsx: true }) },
  { name: "TypeScript", endings: ["ts", "mts", "cts"], load: () => javascript({ typescript: true }) },
  { name: "TypeScript (JSX)", endings: ["tsx"], load: () => javascript({ jsx: true, typescript: true }) },
  { name: "Python", endings: ["py", "pyi"], load: async () => (await import("@codemirror/lang-python")).python() },
  { name: "Go", endings: ["go"], load: async () => (await import("@codemirror/lang-go")).go() },
  { name: "Java", endings: ["java"], load: async () => (await import("@codemirror/lang-java")).java() },
  {
    name: "C++",
    endings: ["c", "h", "cc", "cpp", "cxx", "hh", "hpp"],
    load: async () => (await import("@codemirror/lang-cpp")).cpp(),
  },
  {
    name: "HTML",
    endings: ["html", "htm", "vue", "svelte"],
    load: async () => (await import("@codemirror/lang-html")).html(),
  },
  { name: "CSS", endings: ["css", "scss", "less"], load: async () => (await import("@codemirror/lang-css")).css() },
  { name: "JSON", endings: ["json", "jsonc"], load: async () => (await import("@codemirror/lang-json")).json() },
  {
    name: "Markdown",
    endings: ["md", "markdown"],
    load: async () => (await import("@codemirror/lang-markdown")).markdown(),
  },
  { name: "SQL", endings: ["sql"], load: async () => (await import("@codemirror/lang-sql")).sql() },
  { name: "YAML", endings: ["yml", "yaml"], load: async () => (await import("@codemirror/lang-yaml")).yaml() },
  {
    name: "Shell",
    endings: ["sh", "bash", "zsh"],
    load: async () => StreamLanguage.define((await import("@codemirror/legacy-modes/mode/shell")).shell),
  },
  {
    name: "TOML",
    endings: ["toml"],
    load: async () => StreamLanguage.define((await import("@codemirror/legacy-modes/mode/toml")).toml),
  },
  {
    name: "Ruby",
    endings: ["rb"],
    load: async () => StreamLanguage.define((await import("@codemirror/legacy-modes/mode/ruby")).ruby),
  },
  {
    name: "Protocol Buffers",
    endings: ["proto"],
    load: async () => StreamLanguage.define((await import("@codemirror/legacy-modes/mode/protobuf")).protobuf),
  },
  {
    name: "Dockerfile",
    endings: ["dockerfile"],
    load: async () => StreamLanguage.define((await import("@codemirror/legacy-modes/mode/dockerfile")).dockerFile),
  },
];

async function javascript(options: { jsx?: boolean; typescript?: boolean }): Promise<Extension> {
  return (await import("@codemirror/lang-javascript")).javascript(options);
}

function find(path: string): Language | undefined {
  const ending = path.slice(Math.max(path.lastIndexOf("."), path.lastIndexOf("/")) + 1).toLowerCase();
  return LANGUAGES.find(({ endings }) => endings.includes(ending));
}

/** What a file's language is called. */
export function nameOf(path: string): string {
  return find(path)?.name ?? "Plain text";
}

/** A file's language by its name, brought when it is first needed; nothing for plain text. */
export async function language(path: string): Promise<Extension> {
  try {
    return (await find(path)?.load()) ?? [];
  } catch {
    // Without its colours a file is a file all the same.
    return [];
  }
}
