//! The languages that the engine knows: their names, keywords, comments and strings.

/// A programming language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Rust.
    Rust,
    /// Python.
    Python,
    /// JavaScript, JSX included.
    JavaScript,
    /// TypeScript, TSX included.
    TypeScript,
    /// Go.
    Go,
    /// Java.
    Java,
    /// C.
    C,
    /// C++.
    Cpp,
    /// Any other: words without keywords, comments or strings.
    Other,
}

impl Language {
    /// The language that a client calls by this name; case does not matter. An unknown name is [`Language::Other`].
    pub fn from_name(name: &str) -> Self {
        match name.trim().to_ascii_lowercase().as_str() {
            "rust" | "rs" => Self::Rust,
            "python" | "python3" | "py" => Self::Python,
            "javascript" | "javascriptreact" | "js" | "jsx" => Self::JavaScript,
            "typescript" | "typescriptreact" | "ts" | "tsx" => Self::TypeScript,
            "go" | "golang" => Self::Go,
            "java" => Self::Java,
            "c" => Self::C,
            "c++" | "cpp" | "cxx" => Self::Cpp,
            _ => Self::Other,
        }
    }

    /// The language of a file, by the end of its path.
    pub fn from_path(path: &str) -> Self {
        let Some((stem, extension)) = path.rsplit_once('.') else {
            return Self::Other;
        };
        if stem.is_empty() || stem.ends_with('/') {
            return Self::Other;
        }
        match extension.to_ascii_lowercase().as_str() {
            "rs" => Self::Rust,
            "py" | "pyi" | "pyw" => Self::Python,
            "js" | "jsx" | "mjs" | "cjs" => Self::JavaScript,
            "ts" | "tsx" | "mts" | "cts" => Self::TypeScript,
            "go" => Self::Go,
            "java" => Self::Java,
            "c" | "h" => Self::C,
            "cc" | "cpp" | "cxx" | "hh" | "hpp" | "hxx" => Self::Cpp,
            _ => Self::Other,
        }
    }

    /// Whether a character can stand in a word.
    pub(super) fn is_word(self, c: char) -> bool {
        c == '_' || c.is_alphanumeric() || (c == '$' && self.is_script())
    }

    /// JavaScript or TypeScript.
    pub(super) fn is_script(self) -> bool {
        matches!(self, Self::JavaScript | Self::TypeScript)
    }

    /// What begins a comment that ends with its line.
    pub(super) fn line_comment(self) -> Option<&'static str> {
        match self {
            Self::Python => Some("#"),
            Self::Other => None,
            _ => Some("//"),
        }
    }

    /// Whether `/* */` is a comment.
    pub(super) fn has_block_comments(self) -> bool {
        !matches!(self, Self::Python | Self::Other)
    }

    /// The words that the language reserves, and its constants.
    pub(super) fn keywords(self) -> &'static [&'static str] {
        match self {
            Self::Rust => RUST,
            Self::Python => PYTHON,
            Self::JavaScript => JAVASCRIPT,
            Self::TypeScript => TYPESCRIPT,
            Self::Go => GO,
            Self::Java => JAVA,
            Self::C => C,
            Self::Cpp => CPP,
            Self::Other => &[],
        }
    }
}

#[rustfmt::skip]
const RUST: &[&str] = &[
    "Self", "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false",
    "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self",
    "static", "struct", "super", "trait", "true", "type", "union", "unsafe", "use", "where", "while",
];

#[rustfmt::skip]
const PYTHON: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "match",
    "nonlocal", "not", "or", "pass", "raise", "return", "try", "type", "while", "with", "yield",
];

#[rustfmt::skip]
const JAVASCRIPT: &[&str] = &[
    "async", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do",
    "else", "export", "extends", "false", "finally", "for", "from", "function", "get", "if", "import", "in",
    "instanceof", "let", "new", "null", "of", "return", "set", "static", "super", "switch", "this", "throw", "true",
    "try", "typeof", "undefined", "var", "void", "while", "with", "yield",
];

#[rustfmt::skip]
const TYPESCRIPT: &[&str] = &[
    "abstract", "any", "as", "asserts", "async", "await", "bigint", "boolean", "break", "case", "catch", "class",
    "const", "continue", "debugger", "declare", "default", "delete", "do", "else", "enum", "export", "extends",
    "false", "finally", "for", "from", "function", "get", "if", "implements", "import", "in", "infer", "instanceof",
    "interface", "is", "keyof", "let", "namespace", "never", "new", "null", "number", "object", "of", "override",
    "private", "protected", "public", "readonly", "return", "satisfies", "set", "static", "string", "super", "switch",
    "symbol", "this", "throw", "true", "try", "type", "typeof", "undefined", "unknown", "var", "void", "while", "with",
    "yield",
];

#[rustfmt::skip]
const GO: &[&str] = &[
    "break", "case", "chan", "const", "continue", "default", "defer", "else", "fallthrough", "false", "for", "func",
    "go", "goto", "if", "import", "interface", "iota", "map", "nil", "package", "range", "return", "select", "struct",
    "switch", "true", "type", "var",
];

#[rustfmt::skip]
const JAVA: &[&str] = &[
    "abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "continue", "default", "do",
    "double", "else", "enum", "extends", "false", "final", "finally", "float", "for", "if", "implements", "import",
    "instanceof", "int", "interface", "long", "native", "new", "null", "package", "permits", "private", "protected",
    "public", "record", "return", "sealed", "short", "static", "strictfp", "super", "switch", "synchronized", "this",
    "throw", "throws", "transient", "true", "try", "var", "void", "volatile", "while", "yield",
];

#[rustfmt::skip]
const C: &[&str] = &[
    "auto", "bool", "break", "case", "char", "const", "constexpr", "continue", "default", "define", "do", "double",
    "elif", "else", "endif", "enum", "extern", "false", "float", "for", "goto", "if", "ifdef", "ifndef", "include",
    "inline", "int", "long", "nullptr", "pragma", "register", "restrict", "return", "short", "signed", "sizeof",
    "static", "static_assert", "struct", "switch", "true", "typedef", "typeof", "undef", "union", "unsigned", "void",
    "volatile", "while",
];

#[rustfmt::skip]
const CPP: &[&str] = &[
    "alignas", "alignof", "auto", "bool", "break", "case", "catch", "char", "class", "co_await", "co_return",
    "co_yield", "concept", "const", "const_cast", "consteval", "constexpr", "constinit", "continue", "decltype",
    "default", "define", "delete", "do", "double", "dynamic_cast", "elif", "else", "endif", "enum", "explicit",
    "export", "extern", "false", "final", "float", "for", "friend", "goto", "if", "ifdef", "ifndef", "include",
    "inline", "int", "long", "mutable", "namespace", "new", "noexcept", "nullptr", "operator", "override", "pragma",
    "private", "protected", "public", "register", "reinterpret_cast", "requires", "return", "short", "signed",
    "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template", "this", "thread_local",
    "throw", "true", "try", "typedef", "typeid", "typename", "undef", "union", "unsigned", "using", "virtual", "void",
    "volatile", "wchar_t", "while",
];
